"""What the running stack holds of the machine: memory, open files, and how often its parts were started."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil

from stack.paths import Paths
from stack.plain.processes import family
from stack.plain.supervisor import control


@dataclass(frozen=True)
class Held:
    """What a program of the stack and its children hold at one time."""

    pid: int
    pss_bytes: int
    files: int


def measure() -> Mapping[str, Held]:
    """Return what every running program holds; one that ends meanwhile is left out or counted in part."""
    with control(Paths()) as supervisord:
        pids = {one["name"]: int(one["pid"]) for one in supervisord.getAllProcessInfo() if one["pid"]}
    return {name: _held(pid) for name, pid in pids.items()}


def _held(pid: int) -> Held:
    memory = files = 0
    for process in family(pid):
        with suppress(psutil.Error):
            memory += process.memory_full_info().pss
            files += process.num_fds()
    return Held(pid, memory, files)
