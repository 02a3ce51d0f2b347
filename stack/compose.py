"""The stack in containers. Compose alone reads .env here, and is asked for ports and health."""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from service.slots import PORT, SLOTS
from stack import mounts
from stack.commit import commit_of
from stack.paths import Paths
from stack.ports import Port, complaints
from stack.published import (
    EVERY,
    PROFILES,
    PUBLISHED,
    TRAINING,
    Published,
    published,
    published_with,
    read_profiles,
    table,
)
from stack.release import run_to_the_end, who
from stack.reload import MODULE, ReloadCommand, reload_each

WAIT_SECONDS = "600"
RETRAINING, CODE_COMMIT = "retraining", "CODE_COMMIT"  # a service, and what it is told


def answers() -> bool:
    """Return whether a Docker engine and Compose answer."""
    if shutil.which("docker") is None:
        return False
    asked = (["docker", "info"], ["docker", "compose", "version"])
    return all(subprocess.run(each, capture_output=True, check=False).returncode == 0 for each in asked)


@dataclass(frozen=True)
class Container:
    """A container of the project; its health is empty where its image has no health check."""

    name: str
    service: str
    running: bool
    state: str


class ComposeDeployment:
    """The commands with `docker compose` behind them."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def up(self) -> int:
        """Build, make the models that are missing, start, and return when every service is healthy.

        Slots that run already are made anew one after the other. One that does not become healthy ends
        it: the other one goes on as it was. What runs of a profile that is not chosen is stopped.
        """
        profiles = self._profiles()
        running = {one.service for one in self.containers() if one.running}
        if not running:
            bound = [(one, *self._binding(one)) for one in published_with(profiles)]
            ports = [Port(port, one.name, one.variable, address) for one, address, port in bound]
            if taken := complaints(ports):
                raise SystemExit("\n".join(taken))
        if platform.system() == "Linux" and (
            closed := mounts.complaints(mounts.read_only_mounts(self._services_with(profiles)))
        ):
            raise SystemExit("\n".join(closed))
        chosen = os.environ.get("SERVICES", "").split()  # to leave a service out, name the others
        words = [word for one in sorted(profiles) for word in ("--profile", one)]
        self._compose(*words, "build")
        self._compose("run", "--rm", "models")
        if others := sorted(running.intersection(self._services_of(frozenset(PROFILES) - profiles))):
            self._compose("--profile", "*", "rm", "--stop", "--force", *others)
        if running.issuperset(SLOTS):  # Compose would stop both before it starts either
            for slot in (one for one in SLOTS if not chosen or one in chosen):
                self._up((), "--no-deps", slot)
        self._up(words, *chosen)
        return self.status()

    def down(self) -> int:
        """Stop and remove the containers; the data volumes stay."""
        return self._compose("--profile", "*", "down")

    def status(self) -> int:
        """Print the published components, then Compose's own table; return 1 where one is not ready."""
        containers = self.containers()
        made = {one.service for one in containers}
        shown = [one for one in EVERY if one.service in made] or PUBLISHED
        rows = [
            (one.name, f"{one.url(*self._binding(one))}/", state_of(one.service, containers)) for one in shown
        ]
        print(table(rows), flush=True)
        self._compose("ps", "--all", "--format", "table {{.Service}}\t{{.Name}}\t{{.Status}}")
        return 0 if all(state == "ready" for _, _, state in rows) else 1

    def logs(self) -> int:
        """Follow every service's log until interrupted."""
        try:
            return self._compose("--profile", "*", "logs", "--follow", "--tail", "20")
        except KeyboardInterrupt:
            return 0

    def make_models(self) -> int:
        """Make what is missing of the models and references, in the image that will serve them."""
        self._compose("build", "models")
        return self._compose("run", "--rm", "models")

    def reload(self, slots: Sequence[str]) -> int:
        """Reload in every running container of the slots."""
        names = sorted(one.name for one in self.containers() if one.running and one.service in slots)
        commands = [
            ReloadCommand(name, ["docker", "exec", name, "python", *MODULE], os.environ) for name in names
        ]
        return reload_each(commands, slots, self._paths)

    def release(self, words: Sequence[str]) -> int:
        """Run a command of the release program in its container."""
        return self._exec("release", {"RELEASE_WHO": who()}, ["python", "-m", "release", *words])

    def retraining(self, words: Sequence[str]) -> int:
        """Run a command of the retraining program in its container."""
        told = {"RETRAINING_WHO": who(), "RETRAINING_URL": f"http://127.0.0.1:{PORT}"}
        return self._exec(RETRAINING, told, ["python", "-m", "retraining.client", *words])

    def import_examples(self, source: Path, *, golden: bool) -> int:
        """Import in a container of the retraining program's, whether that runs or not."""
        options = ["--golden"] if golden else []
        run = ["docker", "compose", "--profile", TRAINING, "run", "--rm", "--no-deps"]
        command = [*run, "--volume", f"{source}:/given:ro", RETRAINING, "python", "-m"]
        return run_to_the_end(
            [*command, "retraining.import_examples", "/given", *options], os.environ, self._paths
        )

    def kill(self, service: str) -> int:
        """Kill a service's containers; the engine takes that for a wish, and starts none of them again."""
        return self._compose("kill", service)

    def start(self, service: str) -> int:
        """Start a service's containers."""
        return self._compose("start", service)

    def address(self, service: str) -> str:
        """Return the URL of a published service."""
        one = published(service)
        return one.url(*self._binding(one))

    def containers(self) -> list[Container]:
        """Return the project's containers, those that have ended among them."""
        return parse_containers(self._output("ps", "--all", "--format", "json"))

    def _exec(self, service: str, told: Mapping[str, str], command: Sequence[str]) -> int:
        """Run a command in a service's container, with these variables."""
        terminal = [] if sys.stdin.isatty() and sys.stdout.isatty() else ["--no-TTY"]
        variables = [word for name, value in told.items() for word in ("--env", f"{name}={value}")]
        run = ["docker", "compose", "exec", *terminal, *variables, service]
        return run_to_the_end([*run, *command], os.environ, self._paths)

    def _up(self, profiles: Sequence[str], *words: str) -> None:
        given = self._services[RETRAINING].get("environment", {}).get(CODE_COMMIT)
        told = {} if given else {CODE_COMMIT: commit_of(self._paths.project)}
        up = ("up", "--detach", "--wait", "--wait-timeout", WAIT_SECONDS)
        self._compose(*profiles, *up, *words, told=told)

    def _binding(self, one: Published) -> tuple[str, int]:
        """Return the address and the port on the host that .env gives to a component."""
        ports = self._services[one.publisher]["ports"]
        (binding,) = [port for port in ports if port["target"] == one.container_port]
        return binding["host_ip"], int(binding["published"])

    @cached_property
    def _config(self) -> Mapping[str, Any]:
        config: Mapping[str, Any] = json.loads(self._output("--profile", "*", "config", "--format", "json"))
        return config

    @property
    def _services(self) -> Mapping[str, Any]:
        """Return the services of all profiles."""
        services: Mapping[str, Any] = self._config["services"]
        return services

    def _services_with(self, profiles: frozenset[str]) -> Mapping[str, Any]:
        """Return the services that are there where these profiles are on."""
        of_them = self._services_of(profiles)
        return {
            name: service
            for name, service in self._services.items()
            if name in of_them or not service.get("profiles")
        }

    def _services_of(self, profiles: frozenset[str]) -> set[str]:
        """Return the names of the services that only these profiles bring."""
        return {
            name
            for name, service in self._services.items()
            if not profiles.isdisjoint(service.get("profiles", ()))
        }

    def _profiles(self) -> frozenset[str]:
        """Return the profiles that PROFILES names, in the environment or in .env."""
        return read_profiles(self._config.get("x-profiles") or "")

    def _output(self, *words: str) -> str:
        command = ["docker", "compose", *words]
        done = subprocess.run(command, cwd=self._paths.project, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr.strip()}")
        return done.stdout

    def _compose(self, *words: str, told: Mapping[str, str] = MappingProxyType({})) -> int:
        command, variables = ["docker", "compose", *words], {**os.environ, **told}
        done = subprocess.run(command, cwd=self._paths.project, env=variables, check=False)
        if done.returncode:
            failure = f"docker compose {' '.join(words)} failed ({done.returncode})"
            raise SystemExit(f"{failure}: see above, or `make logs`")
        return 0


def parse_containers(text: str) -> list[Container]:
    """Read what `docker compose ps --format json` prints, a line for each container."""
    containers = [json.loads(line) for line in text.splitlines() if line]
    return [
        Container(
            one["Name"],
            one["Service"],
            one["State"] == "running",
            (one["Health"] if one["State"] == "running" else "") or one["State"],
        )
        for one in containers
    ]


def state_of(service: str, containers: Sequence[Container]) -> str:
    """Return `ready` where all of a service's containers are healthy, else the state of one that is not."""
    states = [one.state for one in containers if one.service == service]
    return (
        next((state for state in states if state not in {"healthy", "running"}), "ready")
        if states
        else "stopped"
    )
