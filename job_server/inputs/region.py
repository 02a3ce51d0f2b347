"""A part of a file that is read like a file of its own, so that nothing is copied out of it."""

import io
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Region(io.RawIOBase):
    """The bytes from `start` to `end` of an open file; several regions of one do not disturb each other."""

    def __init__(self, descriptor: int, start: int, end: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._start = start
        self._position = 0
        self.size = max(end - start, 0)

    def part(self, start: int, end: int) -> "Region":
        """Return a region within this one."""
        return Region(self._descriptor, self._start + start, self._start + min(end, self.size))

    def at(self, position: int, size: int) -> bytes:
        """Return up to so many bytes from a position on."""
        return os.pread(self._descriptor, max(min(size, self.size - position), 0), self._start + position)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that its position can be set."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Set the position and return it; ValueError when it would lie before the beginning."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("the position lies before the beginning")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill the buffer as far as there are bytes, and return how many there were."""
        view = memoryview(buffer).cast("B")
        data = self.at(self._position, len(view))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)
