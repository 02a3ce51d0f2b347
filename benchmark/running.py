"""Start a system's servers, wait until they are ready, and leave none of their processes behind."""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from benchmark.systems import Server
from stack.plain.processes import end, family
from stack.plain.readiness import last_lines

READY_SECONDS = 120.0
POLL_SECONDS = 0.02
STOP_SECONDS = 15.0
LAST_LINES = 8


class DidNotStart(Exception):
    """A system is not ready; the message is the end of its log."""


class Running:
    """A started server with all the processes that it started itself."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.name = server.program.name
        self._probe = server.probe
        self._log = folder / f"{self.name}.log"
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                server.program.command,
                env={**os.environ, **server.program.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is ours to handle
            )

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> None:
        """Return when its probe finds it ready.

        Raises:
            DidNotStart: it ended, or took too long.
        """
        deadline = time.monotonic() + seconds
        while self._probe() is not None:
            if self._process.poll() is not None:
                raise DidNotStart(f"{self.name} ended with {self._process.returncode}: {self.last_lines()}")
            if time.monotonic() > deadline:
                raise DidNotStart(f"{self.name} not ready after {seconds:.0f} s: {self.last_lines()}")
            time.sleep(POLL_SECONDS)

    def processes(self) -> list[psutil.Process]:
        """Return the process and its descendants."""
        return family(self._process.pid)

    def stop(self) -> None:
        """End it, which ends what it started; then whatever it left."""
        with _uninterrupted():
            every = self.processes()
            end(every[:1], STOP_SECONDS)
            self._process.wait()
            end(every, 3.0)
            psutil.wait_procs(every, timeout=3.0)  # until those that it left have been reaped

    def last_lines(self) -> str:
        """Return the end of its log as one line."""
        lines = [line.strip() for line in last_lines(self._log, LAST_LINES)]
        return " | ".join(filter(None, lines)) or "its log is empty"


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let nobody interrupt the stopping: an impatient second Ctrl-C would leave processes behind."""
    kept = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@contextmanager
def running(servers: Sequence[Server], folder: Path) -> Iterator[list[Running]]:
    """Run the servers, each ready before the next begins; stop them in the end, whatever happens."""
    with ExitStack() as stack:
        started = []
        for server in servers:
            one = Running(server, folder)
            stack.callback(one.stop)
            one.wait_until_ready()
            started.append(one)
        yield started
