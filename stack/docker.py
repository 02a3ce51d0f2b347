"""The Docker way: the same commands, with Compose behind them."""

# ruff: noqa: S603, S607 - this module starts programs, and no stranger names one

import os
import shutil
import subprocess

from stack.parts import Part, dashboards_part, published_parts, published_ports
from stack.paths import Paths
from stack.ports import complaints
from stack.settings import StackSettings, docker_settings
from stack.table import table

WAIT_SECONDS = "600"


def answers() -> bool:
    """Return whether a Docker engine and Compose answer."""
    if shutil.which("docker") is None:
        return False
    asked = (["docker", "info"], ["docker", "compose", "version"])
    return all(subprocess.run(each, capture_output=True, check=False).returncode == 0 for each in asked)


def up(paths: Paths) -> int:
    """Build, make the models in sight, start, and return when every service is healthy."""
    settings = docker_settings(paths.project)
    if not _running(paths) and (taken := complaints(published_ports(settings))):
        raise SystemExit("\n".join(taken))
    chosen = os.environ.get("SERVICES", "").split()  # to leave a service out, name the others
    _compose(paths, "build")
    _compose(paths, "run", "--rm", "models")
    _compose(paths, "up", "--detach", "--wait", "--wait-timeout", WAIT_SECONDS, *chosen)
    return status(paths)


def down(paths: Paths) -> int:
    """Stop and remove the containers; the data volumes stay."""
    return _compose(paths, "--profile", "*", "down")


def status(paths: Paths) -> int:
    """Print the table of published parts, then Compose's own; return 1 where a part is not ready."""
    running = _running(paths)
    chosen = [
        part for part in _parts(docker_settings(paths.project)) if not running or part.program in running
    ]
    rows = [(part.name, part.url, part.state) for part in chosen]
    print(table(rows))
    _compose(paths, "ps", "--all", "--format", "table {{.Service}}\t{{.Name}}\t{{.Status}}")
    return 0 if all(state == "ready" for _, _, state in rows) else 1


def logs(paths: Paths) -> int:
    """Follow every service's log until interrupted."""
    try:
        return _compose(paths, "logs", "--follow", "--tail", "20")
    except KeyboardInterrupt:
        return 0


def make_models(paths: Paths) -> int:
    """Make what is missing of the models and references, in the image that will serve them."""
    _compose(paths, "build", "models")
    return _compose(paths, "run", "--rm", "models")


def _parts(settings: StackSettings) -> list[Part]:
    grafana = dashboards_part(settings, "/api/health")
    return [*published_parts(settings), Part(grafana.name, grafana.url, "grafana", grafana.complaint)]


def _running(paths: Paths) -> set[str]:
    command = ["docker", "compose", "ps", "--services", "--status", "running"]
    return set(
        subprocess.run(command, cwd=paths.project, capture_output=True, text=True, check=False).stdout.split()
    )


def _compose(paths: Paths, *words: str) -> int:
    done = subprocess.run(["docker", "compose", *words], cwd=paths.project, check=False)
    if done.returncode:
        raise SystemExit(
            f"docker compose {' '.join(words)} failed ({done.returncode}): see above, or `make logs`"
        )
    return 0
