"""Programs are started, waited for, and ended with all their children."""

import signal
import socket
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest

from benchmark.running import DidNotStart, running
from benchmark.systems import Server
from stack.plain.probes import http_complaint
from stack.plain.program import Program
from tests.ports import free_port

SERVE = """
import http.server, sys
http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind="127.0.0.1")
"""
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SERVE!r}, sys.argv[1]]).wait()"


def program(code: str, port: int) -> Server:
    served = Program("served", (sys.executable, "-c", code, str(port)))
    return Server(served, partial(http_complaint, f"http://127.0.0.1:{port}/"))


def test_children_end_with_their_program(tmp_path: Path) -> None:
    """A server that its parent forgot is ended too, and its port is free again."""
    port = free_port()
    with running([program(PARENT, port)], tmp_path) as (started,):
        every = started.processes()
        assert len(every) == 2
    assert not any(process.is_running() for process in every)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))


def interrupted(folder: Path, every: list[psutil.Process]) -> None:
    with running([program(SERVE, free_port())], folder) as (started,):
        every += started.processes()
        raise KeyboardInterrupt


def test_an_interrupt_ends_them_too(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a measurement leaves nothing running."""
    every: list[psutil.Process] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path, every)
    assert every
    assert not any(process.is_running() for process in every)


STUBBORN = f"""
import os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: (os.kill(os.getppid(), signal.SIGINT), sys.exit()))
{SERVE}
"""


def test_a_second_interrupt_does_not_cut_the_stopping_short(tmp_path: Path) -> None:
    """Ctrl-C while the programs are being ended changes nothing: all of them end."""
    before = signal.getsignal(signal.SIGINT)
    first, second = program(SERVE, free_port()), program(STUBBORN, free_port())
    with running([first, second], tmp_path) as started:  # the second is ended first, and interrupts us
        every = [process for one in started for process in one.processes()]
    assert not any(process.is_running() for process in every)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_program_that_ends_says_why(tmp_path: Path) -> None:
    """The reason is the end of its log."""
    broken = program("raise SystemExit('no such model')", 1)
    with pytest.raises(DidNotStart, match="ended with 1: no such model"), running([broken], tmp_path):
        pass
