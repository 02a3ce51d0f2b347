"""TIFF and BigTIFF: the first directory, the only one that is decoded (TIFF 6.0, 2)."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from inference.image_structure.structure import Structure

WIDTH, HEIGHT, COMPRESSION, TILE_WIDTH, TILE_HEIGHT = 256, 257, 259, 322, 323
VALUE_BYTES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
BYTES = {1, 2, 6, 7}  # types that stay bytes; Pillow makes an object of each value of the others


class Entry(NamedTuple):
    """A tag, the type of its values, how many, and the first one if it stands in the entry."""

    tag: int
    type: int
    values: int
    first: int


def read_tiff(data: bytes, most_parts: int) -> Structure:
    """Count entries and values (a strip or tile has two), and all pixels of tiles, beyond the edge too.

    What is more than `most_parts` is not read.
    """
    values, parts, metadata_bytes = dict[int, int](), 0, 0
    for entry in read_entries(data):
        values[entry.tag] = entry.first
        parts += 1 if entry.type in BYTES else 1 + entry.values
        metadata_bytes += entry.values * VALUE_BYTES.get(entry.type, 1)
        if parts >= most_parts:
            break
    width, height = values.get(WIDTH, 0), values.get(HEIGHT, 0)
    across, down = values.get(TILE_WIDTH, 0) or width, values.get(TILE_HEIGHT, 0) or height
    pixels = padded(width, across) * padded(height, down)
    return Structure(
        "TIFF",
        width,
        height,
        pixels,
        parts=parts,
        metadata_bytes=metadata_bytes,
        compression=values.get(COMPRESSION),
    )


def padded(length: int, tile: int) -> int:
    """Return a side's length in whole tiles."""
    return -(-length // tile) * tile if tile else 0


def read_entries(data: bytes) -> Iterator[Entry]:
    """Read the first directory."""
    order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], order)

    is_big = b"\x2b" in data[2:4]
    word, count_size = (8, 8) if is_big else (4, 2)
    start = number(8, 8) if is_big else number(4, 4)
    entry_size = 4 + 2 * word
    first = start + count_size
    for index in range(number(start, count_size)):
        at = first + index * entry_size
        if at >= len(data):
            return
        kind, count = number(at + 2, 2), number(at + 4, word)
        size = min(word, VALUE_BYTES.get(kind, word))
        yield Entry(number(at, 2), kind, count, number(at + 4 + word, size))
