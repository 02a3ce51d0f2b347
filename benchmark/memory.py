"""How much memory a system takes: the proportional share (PSS) of its whole process tree, sampled."""

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import psutil

from benchmark.running import Running

INTERVAL_SECONDS = 0.5
MEGABYTE = 2**20


class PeakMemory:
    """Samples in a thread of its own while it is entered; `megabytes` is the peak."""

    def __init__(self, watched: Sequence[Running]) -> None:
        self._watched = watched
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.megabytes = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            total = sum(taken(process) for one in self._watched for process in one.processes())
            self.megabytes = max(self.megabytes, total / MEGABYTE)
            if self._over.wait(INTERVAL_SECONDS):
                return


def taken(process: psutil.Process) -> int:
    """Return a process' bytes: PSS, which counts shared pages once; RSS where PSS may not be read."""
    try:
        return int(process.memory_full_info().pss)
    except (psutil.AccessDenied, AttributeError):
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
