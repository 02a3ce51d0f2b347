"""The local way: up, down, status, logs."""

# ruff: noqa: S603, S607 - this module starts programs, and no stranger names one

import os
import shutil
import subprocess
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from stack.environments import ensure_environment
from stack.parts import Part, dashboards_part, local_parts, published_parts, published_ports, replica_parts
from stack.paths import Paths
from stack.plain import supervisor, supervisor_config
from stack.plain.addresses import local_addresses, local_replicas
from stack.plain.grafana_config import render_grafana
from stack.plain.nginx_config import render_nginx
from stack.plain.packages import ensure_packages
from stack.plain.processes import end_all, left_behind
from stack.plain.programs import find_grafana, mongodb_uri, programs
from stack.plain.readiness import NotReady, wait_until_ready
from stack.ports import Port, complaints
from stack.say import say
from stack.settings import StackSettings, local_settings
from stack.table import table

READY_SECONDS = 240.0


def up(paths: Paths) -> int:
    """Run the stack and return when every part is ready."""
    settings = local_settings(paths.project)
    if supervisor.states(paths):
        print("The stack is already running.")
        return status(paths)
    _clear_leftovers(paths)
    if taken := complaints(ports(settings)):
        raise SystemExit("\n".join(taken))
    ensure_packages()
    _prepare(settings, paths)
    render(settings, paths)
    supervisor.start(paths, {**settings.variables, "MONGODB_URI": mongodb_uri(settings)})
    return _wait(settings, paths)


def down(paths: Paths) -> int:
    """End every process of the stack, also of one whose supervisord was killed."""
    was_running = bool(supervisor.states(paths))
    supervisor.stop(paths)
    leftovers = end_all(paths)
    files = (paths.temporary / "supervisor.sock", paths.run / "supervisord.pid", paths.run / "mongodb.pid")
    for stale in files:
        stale.unlink(missing_ok=True)
    shutil.rmtree(paths.temporary, ignore_errors=True)
    print("The stack is stopped." if was_running or leftovers else "The stack was not running.")
    return 0


def status(paths: Paths) -> int:
    """Print the table; return 1 where a part is not ready."""
    settings = local_settings(paths.project)
    rows = [(part.name, part.url, part.state) for part in parts(settings)]
    print(table(rows))
    if settings.http_port != 80 and "HTTP_PORT" not in settings.variables:
        print(f"nginx is on port {settings.http_port} in place of 80, which is for root.")
    return 0 if all(state == "ready" for _, _, state in rows) else 1


def logs(paths: Paths) -> int:
    """Follow every part's log until interrupted."""
    files = sorted(str(path) for path in paths.logs.glob("*.log") if not path.name.startswith("pip-"))
    if not files:
        raise SystemExit("There are no logs: the stack has not run here.")
    try:
        return subprocess.run(["tail", "-n", "20", "-F", *files], check=False).returncode
    except KeyboardInterrupt:
        return 0


def render(settings: StackSettings, paths: Paths) -> None:
    """Write the configuration of nginx, Prometheus, Grafana and supervisor below .local/run."""
    addresses = local_addresses(settings)
    _make_folders(paths)
    render_nginx(paths, addresses)
    render_grafana(paths, f"http://{addresses.scraped['localhost:9090'][0]}")
    _render_prometheus(paths)
    text = supervisor_config.render(programs(settings, addresses, paths), paths)
    (paths.run / "supervisord.conf").write_text(text, "utf-8")


def ports(settings: StackSettings) -> list[Port]:
    """Return every port that the local way listens on."""
    return [
        *published_ports(settings),
        *(Port(number, part) for number, part in _inner_ports(settings).items()),
    ]


def parts(settings: StackSettings) -> list[Part]:
    """Return the parts to wait for and to show."""
    dashboards = dashboards_part(settings, "/api/health" if find_grafana() else "/")
    return [*published_parts(settings), *replica_parts(settings), dashboards, *local_parts()]


def make_models(settings: StackSettings, paths: Paths) -> None:
    """Make what is missing of the models and references."""
    python = ensure_environment("model_server", paths, settings.torch_index)
    command = [str(python), "download_models.py", "--source", settings.model_source]
    if subprocess.run(command, cwd=paths.project, check=False).returncode:
        raise SystemExit("the models could not be made: see above")


def _inner_ports(settings: StackSettings) -> dict[int, str]:
    addresses = local_addresses(settings)
    inner = {
        addresses.nginx_listeners[8081]: "nginx's counters",
        addresses.scraped["node_exporter"][0]: "node exporter",
        addresses.scraped["nginx_exporter"][0]: "nginx exporter",
    }
    replicas = local_replicas(settings)
    return {
        **{one.port: f"{one.name} behind nginx" for one in replicas},
        **{one.internal_port: f"{one.name}, reload" for one in replicas},
        **{int(address.rpartition(":")[2]): part for address, part in inner.items()},
    }


def _clear_leftovers(paths: Paths) -> None:
    if left_behind(paths):
        say("ending what a killed stack left behind")
        end_all(paths)


def _prepare(settings: StackSettings, paths: Paths) -> None:
    """Make the environments side by side, and the models as soon as theirs is there."""
    with ThreadPoolExecutor() as pool:
        others: list[Future[Path]] = [
            pool.submit(ensure_environment, name, paths, settings.torch_index)
            for name in ("stack", "drift_detector_server")
        ]
        make_models(settings, paths)
        for other in others:
            other.result()


def _make_folders(paths: Paths) -> None:
    for folder in (paths.run, paths.logs, paths.data / "prometheus", paths.data / "grafana"):
        folder.mkdir(parents=True, exist_ok=True)
    paths.temporary.mkdir(mode=0o711, exist_ok=True)  # nginx's workers pass through it
    if paths.temporary.stat().st_uid != os.getuid():
        raise SystemExit(f"{paths.temporary} belongs to somebody else: remove it")


def _render_prometheus(paths: Paths) -> None:
    command = [str(paths.python("stack")), "-m", "stack.plain.prometheus_config"]
    subprocess.run(command, cwd=paths.project, check=True)


def _wait(settings: StackSettings, paths: Paths) -> int:
    started = time.monotonic()
    try:
        wait_until_ready(
            parts(settings), seconds=READY_SECONDS, states=lambda: supervisor.states(paths), logs=paths.logs
        )
    except NotReady as error:
        advice = "The rest goes on: make status, make logs, make down."
        raise SystemExit(f"not ready:\n{error}\n{advice}") from None
    say(f"every part is ready after {time.monotonic() - started:.0f} s")
    return status(paths)
