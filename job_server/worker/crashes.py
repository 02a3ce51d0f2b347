"""Whose fault it is that a process ended: that of what it had in hand, or of whoever killed it."""

import re
import signal
from pathlib import Path

MEMORY_EVENTS = Path("/sys/fs/cgroup/memory.events")


class OutOfMemoryKills:
    """How many processes of this container the kernel has killed for want of memory."""

    def __init__(self, file: Path = MEMORY_EVENTS) -> None:
        self._file = file
        self._seen = self._count()

    def has_more(self) -> bool:
        """Tell whether there were some since it was last asked."""
        before, self._seen = self._seen, self._count()
        return self._seen > before

    def _count(self) -> int:
        try:
            found = re.search(r"^oom_kill (\d+)$", self._file.read_text(), re.M)
        except OSError:  # no container, or an older kernel's
            return 0
        return int(found[1]) if found else 0


def is_own_fault(why_lost: str, *, out_of_memory: bool) -> bool:
    """Tell from Celery's words whether what a process had in hand has ended it.

    SIGKILL comes from outside, unless it is the kernel's for want of memory; a crash has a signal of its own,
    and so has the alarm of an input that takes too long.
    """
    found = re.search(r"signal (\d+)", why_lost)
    return found is None or int(found[1]) != signal.SIGKILL or out_of_memory
