"""What the server tells its zygote and fork servers, and they tell it."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from model_server.worker_pool.limits import ImageLimits


@dataclass(frozen=True)
class Order:
    """End one worker, and fork another one with these limits; its two files follow. Either may be None."""

    end: int | None = None
    fork: ImageLimits | None = None


@dataclass(frozen=True)
class Done:
    """How the one that was to end has ended (see os.waitstatus_to_exitcode), and the new one's process id."""

    exit_code: int | None
    pid: int | None


def ask(control: "Connection[Any, Any]", order: Any, files: Sequence[int], seconds: float) -> Any:
    """Send an order with the files that follow it, and return the answer.

    Raises:
        TimeoutError: there is none after so many seconds.
        OSError, EOFError: the other side has ended.
    """
    control.send(order)
    if files:
        with socket.socket(fileno=os.dup(control.fileno())) as channel:
            socket.send_fds(channel, [b"f"], files)
    if not control.poll(seconds):
        raise TimeoutError(f"no answer after {seconds:g} s")
    return control.recv()


def receive_files(control: "Connection[Any, Any]", count: int) -> Sequence[int]:
    """Receive the files that follow an order."""
    with socket.socket(fileno=os.dup(control.fileno())) as channel:
        return socket.recv_fds(channel, 1, count)[1]
