"""The stack as plain processes under supervisor."""

# ruff: noqa: S603, S607 - this module starts programs, and no stranger names one

import os
import re
import shutil
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from service.slots import SLOTS
from stack.environments import ensure_environment
from stack.paths import Paths
from stack.plain import supervisor, supervisor_config
from stack.plain.addresses import local_addresses
from stack.plain.alertmanager_config import render_alertmanager
from stack.plain.components import components, ports
from stack.plain.grafana_config import render_grafana
from stack.plain.jobs import BROKER, EPMD
from stack.plain.model_servers import model_servers
from stack.plain.nginx_config import render_nginx
from stack.plain.packages import OF_THE_STACK, ensure_packages
from stack.plain.processes import end, end_all, left_behind, owner
from stack.plain.profiles import (
    environments_of,
    of_profiles,
    optional_programs,
    packages_of,
    profiles_of,
    with_profiles_that_run,
)
from stack.plain.program import Program
from stack.plain.programs import mongodb_uri, programs, release_command
from stack.plain.prometheus_config import render_prometheus
from stack.plain.readiness import NotReady, wait_until_ready
from stack.plain.tansu import LIMITS
from stack.plain.training import import_command, retraining_command
from stack.ports import complaints
from stack.published import published, table
from stack.release import run_to_the_end, who
from stack.reload import MODULE, ReloadCommand, reload_each
from stack.say import say
from stack.settings import MOST_REPLICAS, StackSettings, local_settings

READY_SECONDS = 240.0
EPMD_SECONDS = 3.0


class PlainDeployment:
    """The commands with supervisord behind them; everything lies below .local/."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self.settings = local_settings(paths.project)

    def up(self) -> int:
        """Run the stack and return when every component is ready.

        Of one that runs already only the parts of profiles start and stop.
        """
        if running := supervisor.states(self._paths):
            print("The stack is already running.")
            self._follow_profiles(running)
            return self.status()
        if left_behind(self._paths):
            say("ending what a killed stack left behind")
            end_all(self._paths)
        if taken := complaints(ports(self.settings), owner):
            raise SystemExit("\n".join(taken))
        self._make_environments()
        self.render()
        variables = {**self.settings.variables, "MONGODB_URI": mongodb_uri(self.settings)}
        supervisor.start(self._paths, variables)
        self._wait()
        return self.status()

    def down(self) -> int:
        """End every process of the stack, also of one whose supervisord was killed."""
        was_running = bool(supervisor.states(self._paths))
        supervisor.stop(self._paths)
        leftovers = end_all(self._paths)
        for stale in (self._paths.run / "supervisord.pid", self._paths.run / "mongodb.pid"):
            stale.unlink(missing_ok=True)
        shutil.rmtree(self._paths.temporary, ignore_errors=True)
        print("The stack is stopped." if was_running or leftovers else "The stack was not running.")
        return 0

    def status(self) -> int:
        """Print the table; return 1 where a component is not ready."""
        settings = with_profiles_that_run(self.settings, supervisor.states(self._paths))
        rows = [(one.name, one.url, one.state) for one in components(settings)]
        print(table(rows))
        if self.settings.http_port != 80 and "HTTP_PORT" not in self.settings.variables:
            print(f"nginx is on port {self.settings.http_port} in place of 80, which is for root.")
        if settings.training:
            print(LIMITS)
        return 0 if all(state == "ready" for _, _, state in rows) else 1

    def logs(self) -> int:
        """Follow every program's log until interrupted."""
        logs = self._paths.logs.glob("*.log")
        files = sorted(str(path) for path in logs if not path.name.startswith("pip-"))
        if not files:
            raise SystemExit("There are no logs: the stack has not run here.")
        try:
            return subprocess.run(["tail", "-n", "20", "-F", *files], check=False).returncode
        except KeyboardInterrupt:
            return 0

    def make_models(self) -> int:
        """Make what is missing of the models and references."""
        python = ensure_environment("model_server", self._paths, self.settings.torch_index)
        command = [str(python), "download_models.py", "--source", self.settings.model_source]
        if subprocess.run(command, cwd=self._paths.project, check=False).returncode:
            raise SystemExit("the models could not be made: see above")
        return 0

    def reload(self, slots: Sequence[str]) -> int:
        """Reload in every running process of the slots."""
        commands = reload_commands(slots, supervisor.states(self._paths), self.settings, self._paths)
        return reload_each(commands, slots, self._paths)

    def release(self, words: Sequence[str]) -> int:
        """Run a command of the release program, in its environment."""
        ensure_environment("release", self._paths, self.settings.torch_index)
        asked = release_command(words, local_addresses(self.settings), self._paths)
        variables = {"RELEASE_WHO": who(), **self.settings.variables, **os.environ, **asked.environment}
        return run_to_the_end(asked.command, variables, self._paths)

    def retraining(self, words: Sequence[str]) -> int:
        """Run a command of the retraining program, in its environment."""
        return self._of_retraining(retraining_command(words, self.settings, self._paths))

    def import_examples(self, source: Path, *, golden: bool) -> int:
        """Import into the folder of the retraining program, whether that runs or not."""
        return self._of_retraining(import_command(source, golden, self.settings, self._paths))

    def kill(self, service: str) -> int:
        """Kill each of a service's processes, and have supervisord start none of them again."""
        supervisor.kill(programs_of(service, supervisor.states(self._paths)), self._paths)
        return 0

    def start(self, service: str) -> int:
        """Start each of a service's processes that does not run."""
        running = supervisor.states(self._paths)
        ended = [one for one in programs_of(service, running) if running[one] not in {"RUNNING", "STARTING"}]
        with supervisor.control(self._paths) as supervisord:
            for one in ended:
                supervisord.startProcess(one)
        return 0

    def address(self, service: str) -> str:
        """Return the URL of a published service."""
        one = published(service)
        return one.url(one.address(self.settings.bind_address), self.settings.port(one.variable))

    def render(self) -> int:
        """Write what the programs of others, and supervisor, are configured by below .local/run."""
        self._ensure_packages()
        paths, addresses = self._paths, local_addresses(self.settings)
        _make_folders(paths)
        render_nginx(paths, self.settings)
        render_alertmanager(paths, addresses.scraped["release"][0])
        render_grafana(paths, f"http://{addresses.scraped['localhost:9090'][0]}")
        self._render_what_profiles_change()
        return 0

    def _of_retraining(self, asked: Program) -> int:
        ensure_environment("retraining", self._paths, self.settings.torch_index)
        variables = {"RETRAINING_WHO": who(), **self.settings.variables, **os.environ, **asked.environment}
        return run_to_the_end(asked.command, variables, self._paths)

    def _render_what_profiles_change(self) -> None:
        paths, addresses = self._paths, local_addresses(self.settings)
        render_prometheus(paths, addresses.scraped)
        text = supervisor_config.render(programs(self.settings, addresses, paths), paths)
        (paths.run / "supervisord.conf").write_text(text, "utf-8")

    def _ensure_packages(self) -> None:
        ensure_packages({**OF_THE_STACK, **packages_of(self.settings.profiles)})

    def _follow_profiles(self, running: Mapping[str, str]) -> None:
        """Start what is missing of the chosen profiles, and stop what is there of others."""
        wanted = [one.name for one in optional_programs(self.settings, self._paths)]
        there = of_profiles(running)
        started, stopped = [one for one in wanted if one not in there], sorted(there.difference(wanted))
        if not started and not stopped:
            return
        if started:
            self._check_new_ports(there)
            self._ensure_packages()
            for name in environments_of(profiles_of(started)):
                ensure_environment(name, self._paths, self.settings.torch_index)
        self._render_what_profiles_change()
        say(" ".join(["profiles:", *(f"+{one}" for one in started), *(f"-{one}" for one in stopped)]))
        if stopped:  # before they go, as it would tell of targets that are down; and after others have come
            supervisor.hang_up("prometheus", self._paths)
        supervisor.replace(stopped[::-1], started, self._paths)
        if BROKER in stopped:
            end([one for one in left_behind(self._paths) if one.name() == EPMD], EPMD_SECONDS)
        try:
            self._wait()
        finally:
            if started:
                supervisor.hang_up("prometheus", self._paths)

    def _check_new_ports(self, there: Collection[str]) -> None:
        """Exit where a port is taken that a profile wants of which nothing runs."""
        others = {one.component for one in ports(replace(self.settings, profiles=profiles_of(there)))}
        new = [one for one in ports(self.settings) if one.component not in others]
        if taken := complaints(new, owner):
            raise SystemExit("\n".join(taken))

    def _make_environments(self) -> None:
        """Make the programs' environments side by side, and the models as soon as theirs is there."""
        self._ensure_packages()
        with ThreadPoolExecutor() as pool:
            others: list[Future[Path]] = [
                pool.submit(ensure_environment, name, self._paths, self.settings.torch_index)
                for name in ("drift_detector_server", "release", *environments_of(self.settings.profiles))
            ]
            self.make_models()
            for each in others:
                each.result()

    def _wait(self) -> None:
        started = time.monotonic()
        try:
            wait_until_ready(
                components(self.settings),
                seconds=READY_SECONDS,
                states=lambda: supervisor.states(self._paths),
                logs=self._paths.logs,
            )
        except NotReady as error:
            advice = "The rest keeps running: make status, make logs, make down."
            raise SystemExit(f"not ready:\n{error}\n{advice}") from None
        say(f"every component is ready after {time.monotonic() - started:.0f} s")


def programs_of(service: str, running: Mapping[str, str]) -> list[str]:
    """Return the programs of a service: itself, and its further replicas. SystemExit where there is none."""
    found = [one for one in running if re.fullmatch(rf"{re.escape(service)}(_\d+)?", one)]
    if not found:
        raise SystemExit(f"The stack has no {service}, or does not run: make status")
    return found


def reload_commands(
    slots: Sequence[str], running: Mapping[str, str], settings: StackSettings, paths: Paths
) -> list[ReloadCommand]:
    """Return a command for each process that runs, which may be more or fewer than .env says by now."""
    every = model_servers(replace(settings, replicas=dict.fromkeys(SLOTS, MOST_REPLICAS)), paths)
    return [
        ReloadCommand(
            program.name, [program.command[0], *MODULE], {**settings.variables, **program.environment}
        )
        for program in every
        if program.environment["SLOT"] in slots and running.get(program.name) == "RUNNING"
    ]


def _make_folders(paths: Paths) -> None:
    kept = [paths.data / name for name in ("prometheus", "alertmanager", "grafana")]
    for folder in (paths.run, paths.logs, *kept):
        folder.mkdir(parents=True, exist_ok=True)
    paths.temporary.mkdir(mode=0o711, exist_ok=True)  # nginx's workers pass through it
    if paths.temporary.stat().st_uid != os.getuid():
        raise SystemExit(f"{paths.temporary} belongs to somebody else: remove it")
