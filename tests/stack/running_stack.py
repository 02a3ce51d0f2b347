"""A running stack in either way of running, with the means to stop, kill and ask its services."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

from stack.paths import Paths
from stack.plain.processes import family
from stack.plain.supervisor import control, states
from stack.published import JOBS, TRAINING
from tests.stack.project import KEEP, NAME, PROJECT, put_packages, run

OF_JOBS = ("rabbitmq", "job_server", "worker")
OF_TRAINING = ("kafka", "stream_collector", "stream_statistics", "stream_producer", "retraining")


class PlainStack:
    """Plain processes under supervisor."""

    def up(self) -> None:
        if states(Paths()):
            if KEEP:
                return
            sys.exit("The stack is running. The tests start one of their own: stop it first, with make down.")
        run("python3", "-m", "stack", "models")
        put_packages()
        run("python3", "-m", "stack", "up")

    def scale(self, replicas: int) -> None:
        """Run the stable slot with so many processes."""
        self.down()
        run("python3", "-m", "stack", "up", MODEL_SERVER_REPLICAS=str(replicas))

    def work(self, workers: int) -> None:
        """Run what jobs need, with so many workers; what runs of it already is left alone."""
        run("python3", "-m", "stack", "up", PROFILES=JOBS, WORKERS=str(workers))

    def train(self) -> None:
        """Run the training stream and the retraining."""
        run("python3", "-m", "stack", "up", PROFILES=TRAINING)

    def rest(self) -> None:
        """Stop what profiles have brought."""
        run("python3", "-m", "stack", "up")

    def down(self) -> None:
        run("python3", "-m", "stack", "down")

    def stop(self, service: str) -> None:
        with control(Paths()) as supervisord:
            supervisord.stopProcess(service)

    def start(self, service: str) -> None:
        with control(Paths()) as supervisord:
            supervisord.startProcess(service)

    def restart(self, service: str) -> None:
        self.stop(service)
        self.start(service)

    def kill(self, service: str) -> None:
        os.kill(self.pid(service), signal.SIGKILL)

    def send_sighup(self, service: str) -> None:
        os.kill(self.pid(service), signal.SIGHUP)

    @contextmanager
    def paused(self, service: str) -> Iterator[None]:
        """Have a service's process stand still: it keeps its listener and answers nothing."""
        process = self.pid(service)
        os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process, signal.SIGCONT)

    def logs(self, service: str) -> str:
        return "".join(path.read_text() for path in sorted((PROJECT / ".local").rglob(f"{service}.log*")))

    def test_log(self) -> str:
        """Return nginx's access log of test traffic."""
        return self.logs("nginx_test")

    def memory_bytes(self) -> Mapping[str, int]:
        return {name: self._memory_of(self.pid(name)) for name in states(Paths())}

    def _memory_of(self, pid: int) -> int:
        return sum(one.memory_full_info().pss for one in family(pid))

    def pid(self, service: str) -> int:
        """Return the id of a service's process."""
        with control(Paths()) as supervisord:
            return int(supervisord.getProcessInfo(service)["pid"])


class ComposeStack:
    """Containers; services named in STACK_WITHOUT are left out where no image of theirs can be had."""

    def __init__(self) -> None:
        left_out = os.environ.get("STACK_WITHOUT", "").split()
        listed = run("docker", "compose", "config", "--services").split()
        self.services = [name for name in listed if name not in left_out]

    def up(self) -> None:
        run("docker", "compose", "build", "models")
        run("docker", "compose", "run", "--rm", "models")
        put_packages()
        run("docker", "compose", "up", "-d", "--build", "--wait", *self.services)

    def scale(self, replicas: int) -> None:
        """Run the stable slot in so many containers; those that run already are left alone."""
        scaled = ("--scale", f"model_server={replicas}", "model_server")
        run("docker", "compose", "up", "-d", "--no-deps", "--no-recreate", "--wait", *scaled)

    def work(self, workers: int) -> None:
        """Run what jobs need, with so many workers; what runs already is left alone."""
        profile, scaled = ("--profile", JOBS), ("--scale", f"worker={workers}")
        run(
            "docker", "compose", *profile, "up", "-d", "--build", "--wait", "--no-recreate", *scaled, *OF_JOBS
        )

    def train(self) -> None:
        """Run the training stream and the retraining."""
        run("docker", "compose", "--profile", TRAINING, "up", "-d", "--build", "--wait", *OF_TRAINING)

    def rest(self) -> None:
        """Stop what profiles have brought."""
        profiles = ("--profile", JOBS, "--profile", TRAINING)
        run("docker", "compose", *profiles, "rm", "--stop", "--force", *OF_JOBS, *OF_TRAINING)

    def down(self) -> None:
        run("docker", "compose", "--profile", "*", "down", "--volumes")

    def stop(self, service: str) -> None:
        run("docker", "compose", "stop", service)

    def start(self, service: str) -> None:
        run("docker", "compose", "start", service)

    def restart(self, service: str) -> None:
        run("docker", "compose", "restart", service)

    def kill(self, service: str) -> None:
        # From the host, as the kernel does when memory runs out: `docker kill` counts as a wish to stop it.
        # The engine must be on this machine, and the tests run as root.
        os.kill(self.pid(service), signal.SIGKILL)

    def send_sighup(self, service: str) -> None:
        # After any `docker kill` the engine takes a container for stopped by hand (moby issue 41302).
        run("docker", "compose", "exec", "-T", service, "sh", "-c", "kill -HUP 1")

    @contextmanager
    def paused(self, service: str) -> Iterator[None]:
        """Have a container stand still."""
        run("docker", "compose", "pause", service)
        try:
            yield
        finally:
            run("docker", "compose", "unpause", service)

    def pid(self, service: str) -> int:
        """Return the id of a container's first process, as the host knows it."""
        return int(run("docker", "inspect", "--format", "{{.State.Pid}}", self.container(service)))

    def logs(self, service: str) -> str:
        return run("docker", "compose", "logs", "--no-log-prefix", service)

    def test_log(self) -> str:
        """Return nginx's access log of test traffic."""
        return run("docker", "compose", "exec", "-T", "nginx", "cat", "/tmp/test.log")

    def memory_bytes(self) -> Mapping[str, int]:
        listed = run("docker", "compose", "ps", "--status", "running", "--format", "{{.Name}} {{.Service}}")
        services = dict(line.split() for line in listed.splitlines())
        stats = run("docker", "stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}", *services)
        used = (line.split()[:2] for line in stats.splitlines())
        return {services[name]: in_bytes(memory) for name, memory in used}

    def running(self) -> list[str]:
        """Return the services that have a running container."""
        return run("docker", "compose", "ps", "--services", "--status", "running").split()

    def container(self, service: str) -> str:
        """Return the id of a service's container."""
        return run("docker", "compose", "ps", "--quiet", service).strip()


def in_bytes(size: str) -> int:
    """Return what `docker stats` writes of a size, such as 20.5MiB, in bytes."""
    units = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "B": 1}
    unit = next(unit for unit in units if size.endswith(unit))
    return int(float(size.removesuffix(unit)) * units[unit])


RunningStack: TypeAlias = PlainStack | ComposeStack


def chosen_stack() -> RunningStack:
    """Return the stack in the way of running that the variable STACK names: local (default) or compose."""
    if NAME not in {"local", "compose"}:
        sys.exit(f"STACK: {NAME!r} is neither local nor compose")
    return PlainStack() if NAME == "local" else ComposeStack()
