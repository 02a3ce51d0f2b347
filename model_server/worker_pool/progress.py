"""Which image of its batch a worker has in hand, in memory that outlives the worker."""

import mmap
import os

NOTHING = -1
NUMBER = 4  # bytes


class Progress:
    """A number that two processes share: what is in hand, or NOTHING; past the last, the forward pass."""

    def __init__(self, file: int) -> None:
        self._memory = mmap.mmap(file, NUMBER)

    @staticmethod
    def new_file() -> int:
        """Return a file for it; whoever has made a Progress of it may close it."""
        file = os.memfd_create("progress")
        os.truncate(file, NUMBER)
        return file

    def set(self, number: int) -> None:
        """Say what is in hand."""
        self._memory[:] = number.to_bytes(NUMBER, signed=True)

    def in_hand(self) -> int:
        """Return what is, or was when the worker ended."""
        return int.from_bytes(self._memory[:], signed=True)
