"""Start a contestant's processes, wait until they are ready, and leave none of them behind."""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from benchmark.contestants import Program

READY_SECONDS = 120.0
POLL_SECONDS = 0.02
STOP_SECONDS = 15.0
LAST_LINES = 8


class DidNotStart(Exception):
    """A contestant is not ready; the message is the end of its log."""


class Running:
    """A started program with all the processes that it started itself."""

    def __init__(self, program: Program, folder: Path) -> None:
        self.program = program
        self.log = folder / f"{program.name}.log"
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                list(program.command),
                env={**os.environ, **program.variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is ours to handle
            )

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> None:
        """Return when its URL answers 200.

        Raises:
            DidNotStart: it ended, or took too long.
        """
        deadline = time.monotonic() + seconds
        while not answers(self.program.ready):
            if self._process.poll() is not None:
                raise DidNotStart(
                    f"{self.program.name} ended with {self._process.returncode}: {self.last_lines()}"
                )
            if time.monotonic() > deadline:
                raise DidNotStart(f"{self.program.name} not ready after {seconds:.0f} s: {self.last_lines()}")
            time.sleep(POLL_SECONDS)

    def processes(self) -> list[psutil.Process]:
        """Return the process and its descendants."""
        try:
            main = psutil.Process(self._process.pid)
            return [main, *main.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def stop(self) -> None:
        """End them all: politely first, then for good."""
        with _uninterrupted():
            every = self.processes()
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            _end(every)

    def last_lines(self) -> str:
        """Return the end of its log as one line."""
        lines = self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return " | ".join(line.strip() for line in lines if line.strip()) or "its log is empty"


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let nobody interrupt the stopping: an impatient second Ctrl-C would leave processes behind."""
    kept = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _end(processes: Sequence[psutil.Process]) -> None:
    _, left = psutil.wait_procs(processes, timeout=1)
    for ask in (psutil.Process.terminate, psutil.Process.kill):
        for process in left:
            try:
                ask(process)
            except psutil.NoSuchProcess:
                continue
        _, left = psutil.wait_procs(left, timeout=3)


@contextmanager
def running(programs: Sequence[Program], folder: Path) -> Iterator[list[Running]]:
    """Run the programs, each ready before the next begins; stop them in the end, whatever happens."""
    with ExitStack() as stack:
        started = []
        for program in programs:
            one = Running(program, folder)
            stack.callback(one.stop)
            one.wait_until_ready()
            started.append(one)
        yield started


def answers(url: str) -> bool:
    """Return whether a URL answers 200, or, as tcp://HOST:PORT, takes connections."""
    try:
        if url.startswith("tcp://"):
            host, _, port = url.removeprefix("tcp://").partition(":")
            socket.create_connection((host, int(port)), timeout=2).close()
            return True
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback URL
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
