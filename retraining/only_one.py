"""One program at a time works on a folder of data."""

import fcntl
import os
from pathlib import Path

from service import durable


class OnlyOne:
    """Holds a folder until this program ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: int | None = None

    def hold(self) -> None:
        """Hold it from now on; OSError where another program does."""
        if self._lock is not None:
            return
        durable.make_folder(self._folder)
        lock = os.open(self._folder / ".retraining.lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            message = f"another retraining program works on {self._folder}: stop that one first"
            raise OSError(message) from None
        self._lock = lock  # never closed: it is held while this program runs
