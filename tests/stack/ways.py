"""The two ways of running the stack, each with the means to stop, kill and ask its parts."""

import os
import signal
import sys
from collections.abc import Mapping
from typing import Protocol

import psutil

from stack.paths import Paths
from stack.plain.supervisor import states
from tests.stack.project import KEEP, NAME, PROJECT, copy_package, run


class Way(Protocol):
    """A running stack; a part is named as its Compose service."""

    def up(self) -> None: ...
    def down(self) -> None: ...
    def stop(self, part: str) -> None: ...
    def start(self, part: str) -> None: ...
    def restart(self, part: str) -> None: ...
    def kill(self, part: str) -> None: ...
    def hang_up(self, part: str) -> None: ...
    def scale(self, replicas: int) -> None: ...
    def set_candidate(self, **variables: str) -> None: ...
    def logs(self, part: str) -> str: ...
    def memory_bytes(self) -> Mapping[str, int]: ...


class LocalWay:
    """Plain processes under supervisor."""

    def up(self) -> None:
        if states(Paths()):
            if KEEP:
                return
            sys.exit("The stack is running. The tests start one of their own: stop it first, with make down.")
        run("python3", "-m", "stack", "models")
        copy_package()
        run("python3", "-m", "stack", "up")

    def scale(self, replicas: int) -> None:
        """Run the stable slot with so many processes."""
        self.down()
        run("python3", "-m", "stack", "up", MODEL_SERVER_REPLICAS=str(replicas))

    def set_candidate(self, **variables: str) -> None:
        """Run the candidate and its detector with other variables of .env."""
        self.down()
        run("python3", "-m", "stack", "up", **variables)

    def down(self) -> None:
        run("python3", "-m", "stack", "down")

    def stop(self, part: str) -> None:
        self._control("stop", part)

    def start(self, part: str) -> None:
        self._control("start", part)

    def restart(self, part: str) -> None:
        self._control("restart", part)

    def kill(self, part: str) -> None:
        os.kill(self.pid(part), signal.SIGKILL)

    def hang_up(self, part: str) -> None:
        os.kill(self.pid(part), signal.SIGHUP)

    def logs(self, part: str) -> str:
        return "".join(path.read_text() for path in sorted((PROJECT / ".local").rglob(f"{part}.log*")))

    def memory_bytes(self) -> Mapping[str, int]:
        names = [line.split()[0] for line in self._control("status").splitlines()]
        return {name: self._memory_of(self.pid(name)) for name in names}

    def _memory_of(self, pid: int) -> int:
        process = psutil.Process(pid)
        return sum(one.memory_full_info().pss for one in [process, *process.children(recursive=True)])

    def pid(self, part: str) -> int:
        """Return the id of a part's process."""
        return int(self._control("pid", part))

    def _control(self, *words: str) -> str:
        control = PROJECT / ".local/environments/stack/bin/supervisorctl"
        return run(str(control), "-c", str(PROJECT / ".local/run/supervisord.conf"), *words)


class ComposeWay:
    """Containers; services named in STACK_WITHOUT are left out where no image of theirs can be had."""

    def __init__(self) -> None:
        left_out = os.environ.get("STACK_WITHOUT", "").split()
        listed = run("docker", "compose", "config", "--services").split()
        self.services = [name for name in listed if name not in left_out]

    def up(self) -> None:
        run("docker", "compose", "build", "models")
        run("docker", "compose", "run", "--rm", "models")
        copy_package()
        run("docker", "compose", "up", "-d", "--build", "--wait", *self.services)

    def scale(self, replicas: int) -> None:
        """Run the stable slot in so many containers; those that run already are left alone."""
        scaled = ("--scale", f"model_server={replicas}", "model_server")
        run("docker", "compose", "up", "-d", "--no-deps", "--no-recreate", "--wait", *scaled)

    def set_candidate(self, **variables: str) -> None:
        """Run the candidate and its detector with other variables of .env."""
        candidate = ("model_server_new", "drift_detector_server_new")
        run("docker", "compose", "up", "-d", "--no-deps", "--wait", *candidate, **variables)

    def down(self) -> None:
        run("docker", "compose", "down", "--volumes")

    def stop(self, part: str) -> None:
        run("docker", "compose", "stop", part)

    def start(self, part: str) -> None:
        run("docker", "compose", "start", part)

    def restart(self, part: str) -> None:
        run("docker", "compose", "restart", part)

    def kill(self, part: str) -> None:
        # From the host, as the kernel would for want of memory: `docker kill` counts as a wish to stop it.
        # The engine must be on this machine, and the tests run as root.
        os.kill(self.pid(part), signal.SIGKILL)

    def hang_up(self, part: str) -> None:
        # After any `docker kill` the engine takes a container for stopped by hand (moby issue 41302).
        run("docker", "compose", "exec", "-T", part, "sh", "-c", "kill -HUP 1")

    def pid(self, part: str) -> int:
        """Return the id of a container's first process, as the host knows it."""
        return int(run("docker", "inspect", "--format", "{{.State.Pid}}", self.container(part)))

    def logs(self, part: str) -> str:
        return run("docker", "compose", "logs", "--no-log-prefix", part)

    def memory_bytes(self) -> Mapping[str, int]:
        return {name: self._memory_of(name) for name in self.running()}

    def running(self) -> list[str]:
        """Return the services that have a running container."""
        return run("docker", "compose", "ps", "--services", "--status", "running").split()

    def container(self, part: str) -> str:
        """Return the id of a service's container."""
        return run("docker", "compose", "ps", "--quiet", part).strip()

    def _memory_of(self, part: str) -> int:
        used = run(
            "docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", self.container(part)
        ).split()[0]
        units = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "B": 1}
        unit = next(unit for unit in units if used.endswith(unit))
        return int(float(used.removesuffix(unit)) * units[unit])


def chosen_way() -> LocalWay | ComposeWay:
    """Return the way that the variable STACK names: local (default) or compose."""
    if NAME not in {"local", "compose"}:
        sys.exit(f"STACK: {NAME!r} is neither local nor compose")
    return LocalWay() if NAME == "local" else ComposeWay()
