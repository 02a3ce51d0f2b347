"""Processes: whose a port is, what this clone's stack left behind, and how both are ended."""

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from stack.paths import Paths
from stack.plain.supervisor_config import MARK

POLL_SECONDS = 0.05


def owner(port: int) -> str:
    """Return the process that listens on a port: its id and command, as far as this user may see them."""
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,) and connection.pid:
            with suppress(psutil.Error):
                command = " ".join(psutil.Process(connection.pid).cmdline())
                return f"process {connection.pid} ({command[:80]})"
    return "another user's process"


def family(pid: int) -> list[psutil.Process]:
    """Return a process and its descendants; none of one that has ended."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def end(processes: Sequence[psutil.Process], grace_seconds: float) -> None:
    """End processes, first politely and after the grace for good, and wait until they are gone."""
    for ask, seconds in ((psutil.Process.terminate, grace_seconds), (psutil.Process.kill, 3.0)):
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                ask(process)
        deadline = time.monotonic() + seconds
        while (processes := [one for one in processes if _runs(one)]) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)


def _runs(process: psutil.Process) -> bool:
    # Not psutil.wait_procs, which takes the exit code of a child from the Popen that waits for it.
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def left_behind(paths: Paths) -> list[psutil.Process]:
    """Return this clone's processes, parents and children alike, but not ourselves."""
    own = psutil.Process()
    return [process for process in psutil.process_iter() if process != own and _is_ours(process, paths)]


def end_all(paths: Paths, grace_seconds: float = 10.0) -> int:
    """End every process left behind; return how many there were."""
    found = left_behind(paths)
    end(found, grace_seconds)
    end(left_behind(paths), 0)  # what those started while they ended
    return len(found)


def _is_ours(process: psutil.Process, paths: Paths) -> bool:
    try:
        if process.environ().get(MARK) == str(paths.project):
            return True
        # nginx wipes its environment, but it works in a folder where nobody else does.
        return Path(process.cwd()).is_relative_to(paths.run) and _is_nginx(process.cmdline())
    except psutil.Error:  # ended meanwhile, or another user's
        return False


def _is_nginx(command: Sequence[str]) -> bool:
    return bool(command) and (command[0].startswith("nginx:") or Path(command[0]).name == "nginx")
