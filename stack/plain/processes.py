"""Processes that this clone's stack left behind, found by their environment or their working folder."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from stack.paths import Paths
from stack.plain.supervisor_config import MARK


def left_behind(paths: Paths) -> list[int]:
    """Return the ids of this clone's processes, parents and children alike, but not of ourselves."""
    mark = f"{MARK}={paths.project}".encode()
    return [pid for pid in _process_ids() if pid != os.getpid() and _is_ours(pid, mark, paths.run)]


def _process_ids() -> Iterator[int]:
    yield from (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def _is_ours(pid: int, mark: bytes, run: Path) -> bool:
    process = Path("/proc") / str(pid)
    try:
        if mark in (process / "environ").read_bytes().split(b"\0"):
            return True
        # nginx wipes its environment, but it works in a folder where nobody else does.
        return (process / "cwd").readlink().is_relative_to(run) and _command_is_nginx(process)
    except OSError:  # ended meanwhile, or another user's
        return False


def _command_is_nginx(process: Path) -> bool:
    return (process / "cmdline").read_bytes().startswith((b"nginx:", b"/usr/sbin/nginx"))


def end_all(paths: Paths, grace_seconds: float = 10.0) -> int:
    """End every process left behind, first politely; return how many there were."""
    found = left_behind(paths)
    _signal(found, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while (remaining := left_behind(paths)) and time.monotonic() < deadline:
        time.sleep(0.1)
    _signal(remaining, signal.SIGKILL)
    return len(found)


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
