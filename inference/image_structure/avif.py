"""AVIF: the boxes, and the size of the AV1 frames in them (ISO/IEC 14496-12 and 23008-12)."""

from collections.abc import Iterator
from typing import NamedTuple

from inference.image_structure.av1 import frame_size
from inference.image_structure.structure import Structure, big

HOLD_BOXES = {  # and what stands before these: version and flags, and a count
    b"meta": 4,
    b"iprp": 0,
    b"ipco": 0,
    b"iref": 4,
    b"iinf": 6,
    b"moov": 0,
    b"trak": 0,
    b"mdia": 0,
    b"minf": 0,
    b"stbl": 0,
    b"stsd": 8,
}
AV1 = b"av01"
LOOKED_AT = 4096  # bytes of a stream, in which it says its size


class Box(NamedTuple):
    """A box's name, and where its content lies."""

    name: bytes
    start: int
    end: int


class Extent(NamedTuple):
    """Where an item's bytes lie, in the file or in `idat`."""

    item: int
    in_idat: bool
    start: int
    length: int


def read_avif(data: bytes, most_parts: int) -> Structure:
    """Count boxes and what they list; the largest size that a box or an AV1 frame says is the image's."""
    parts, sizes, frames, extents, idat = 0, [(0, 0)], set[int](), list[Extent](), 0
    for name, start, end in boxes(data):
        parts += 1
        if name == b"ispe":
            sizes.append((big(data, start + 4, 4), big(data, start + 8, 4)))
        elif name == AV1:
            sizes.append((big(data, start + 24, 2), big(data, start + 26, 2)))
        elif name == b"infe":
            item, kind = item_type(data[start:end])
            frames |= {item} if kind == AV1 else set()
        elif name == b"iloc":
            found = list(read_extents(data[start:end], most_parts))
            extents += found
            parts += len(found)
        elif name == b"ipma":
            parts += min(end - start, big(data, start + 4, 4))
        elif name == b"idat":
            idat = start
        elif name in {b"stco", b"co64"}:  # of a sequence, where its first frame lies
            at = big(data, start + 8, 8 if name == b"co64" else 4)
            sizes.append(frame_size(data[at : at + LOOKED_AT]))
        if parts >= most_parts:
            break
    sizes += [frame_size(stream) for stream in streams(data, idat, [x for x in extents if x.item in frames])]
    width, height = map(max, zip(*sizes, strict=True))
    return Structure("AVIF", width, height, width * height, parts=parts)


def boxes(data: bytes) -> Iterator[Box]:
    """Yield all boxes, those within others too."""
    waiting = [(0, len(data))]
    while waiting:
        at, end = waiting.pop()
        while at + 8 <= end:
            size, name, head = big(data, at, 4), data[at + 4 : at + 8], 8
            if size == 1:
                size, head = big(data, at + 8, 8), 16
            stop = end if size == 0 else min(end, at + size)
            content = at + head
            yield Box(name, content, stop)
            if stop < content:
                break
            if name in HOLD_BOXES:
                wide_count = 2 if name == b"iinf" and data[content : content + 1] != b"\0" else 0
                waiting.append((content + HOLD_BOXES[name] + wide_count, stop))
            at = stop


def item_type(content: bytes) -> tuple[int, bytes]:
    """Return an item's id and type, as `infe` says them."""
    size = 2 if content[:1] < b"\3" else 4
    return big(content, 4, size), content[6 + size : 10 + size]


def read_extents(content: bytes, most: int) -> Iterator[Extent]:
    """Read the extents that `iloc` lists, at most so many."""
    version, sizes = big(content, 0, 1), big(content, 4, 2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    id_size, at = (4, 10) if version > 1 else (2, 8)
    for _ in range(min(big(content, 6, id_size), most)):
        item, at = big(content, at, id_size), at + id_size
        in_idat = bool(version) and big(content, at, 2) & 15 == 1
        at += 4 if version else 2
        base, at = big(content, at, base_size), at + base_size
        count, at = big(content, at, 2), at + 2
        for _ in range(count):
            at += index_size
            start, length = big(content, at, offset_size), big(content, at + offset_size, length_size)
            at += offset_size + length_size
            most -= 1
            yield Extent(item, in_idat, base + start, length)
            if most <= 0 or at >= len(content):
                return


def streams(data: bytes, idat: int, extents: list[Extent]) -> Iterator[bytes]:
    """Yield the first bytes of each item, joined of its extents; a length of 0 means all that is left."""
    joined: dict[int, bytes] = {}
    for item, in_idat, start, length in extents:
        before = joined.get(item, b"")
        wanted = LOOKED_AT - len(before)
        at = start + (idat if in_idat else 0)
        joined[item] = before + data[at : at + (min(length, wanted) if length else wanted)]
    yield from joined.values()
