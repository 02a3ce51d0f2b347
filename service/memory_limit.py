"""How much memory this process may use: the container's limit, not the machine's memory.

Read by hand, as psutil knows the machine's memory but not the cgroup's.
"""

import os
from pathlib import Path

from service.cpu_quota import CGROUP


def available_memory(cgroup: Path = CGROUP) -> int:
    """Return the limit in bytes (cgroup v2, else v1), at most the machine's memory."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *(limit for limit in map(read_limit, limit_files(cgroup)) if limit)])


def limit_files(cgroup: Path) -> list[Path]:
    """Return where version 2 and version 1 have the limit."""
    return [cgroup / "memory.max", cgroup / "memory/memory.limit_in_bytes"]


def read_limit(path: Path) -> int | None:
    """Return the limit in bytes, None if there is none. (Version 1 writes a number beyond any memory.)"""
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # absent, or "max"
        return None
