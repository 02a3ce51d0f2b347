"""The counts that every format is reduced to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Structure:
    """What a file says it holds, in the terms that decoding costs.

    `width` and `height` are the largest that the file says, 0 where it says none. `pixels` is how many
    decoding makes: with tiles that hang over, more than width times height. `parts` are segments, chunks,
    blocks, boxes or strips; `scans` is how often the pixels are gone through; `metadata_bytes` is what is
    not pixels (EXIF, ICC, XMP, comments); `inflated` counts compressed texts and profiles; `compression`
    is a TIFF's.
    """

    format: str
    width: int = 0
    height: int = 0
    pixels: int = 0
    parts: int = 0
    scans: int = 1
    metadata_bytes: int = 0
    inflated: int = 0
    compression: int | None = None


def big(data: bytes, at: int, size: int) -> int:
    """Return a big-endian number; what is beyond the end is not there, and counts as nothing."""
    return int.from_bytes(data[at : at + size], "big")


def little(data: bytes, at: int, size: int) -> int:
    """Return a little-endian number; see `big`."""
    return int.from_bytes(data[at : at + size], "little")
