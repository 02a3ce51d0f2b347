"""A zip's directory, bounded whatever the zip says of itself.

`zipfile` reads the directory in one go and makes an object of each entry. So a read of more bytes than the
largest directory is refused, and each entry begins with a signature: counting those bounds the objects.
"""

import io
import struct
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from job_server.inputs.job_input import WrongInputs
from job_server.inputs.reading import Reading
from job_server.inputs.region import Region

OTHER_ENTRIES = 1000  # beside the inputs: folders, and what is passed over
ENTRY_BYTES = 512  # a name of 255 bytes, and as much of what some programs note beside it
SIGNATURE = b"PK\1\2"
HEADER_BYTES = 30
BROKEN = (
    zipfile.BadZipFile,
    NotImplementedError,
    EOFError,
    ValueError,  # a name that is no UTF-8, an offset before the beginning
    OverflowError,
    struct.error,
)


class DirectoryReader(io.BufferedReader):
    """A zip file that while `bounded` refuses to be read in larger pieces than its largest directory."""

    def __init__(self, region: Region, reading: Reading) -> None:
        super().__init__(region)
        self.bounded = True
        self._inputs = reading.limits.inputs
        self._entries = 2 * self._inputs + OTHER_ENTRIES  # macOS stores a second one beside each

    def read(self, size: int | None = -1, /) -> bytes:
        """Read up to so many bytes; WrongInputs (413) when they are more than the largest directory holds."""
        if self.bounded and (size or 0) > self._entries * ENTRY_BYTES:
            raise self._refusal()
        data = super().read(size)
        if self.bounded and data.count(SIGNATURE) > self._entries:
            raise self._refusal()
        return data

    def _refusal(self) -> WrongInputs:
        return WrongInputs(f"The zip holds more than {self._inputs} files. Send them as several jobs.", 413)


@contextmanager
def open_zip(region: Region, reading: Reading) -> Iterator[zipfile.ZipFile]:
    """Open a zip, reading its directory.

    Raises:
        WrongInputs: 422, it is no zip or its directory is broken; 413, it has too many entries.
    """
    file = DirectoryReader(region, reading)
    try:
        archive = zipfile.ZipFile(file)
    except BROKEN as error:
        what = "The file is no zip, or its directory is broken."
        raise WrongInputs(f"{what} {reading.what_to_send}") from error
    file.bounded = False
    with archive:
        yield archive


def overlapping(members: Sequence[zipfile.ZipInfo], directory_start: int) -> set[int]:
    """Return where those members begin that reach into the next one, or into the directory.

    So a few bytes would be unpacked many times; a zip that a program wrote has no such members.
    """
    ordered = sorted(members, key=lambda one: one.header_offset)
    starts = [*(one.header_offset for one in ordered[1:]), directory_start]
    return {
        member.header_offset
        for member, following in zip(ordered, starts, strict=False)  # of no members there is one start
        if member.header_offset + HEADER_BYTES + member.compress_size > following
    }
