"""BMP: run lengths, which Pillow decodes in Python."""

import struct

from tests.hostile_images.filling import SIDE, filled


def bmp(compression: int, data: bytes, side: int = SIDE) -> bytes:
    """Return a BMP of 256 greys."""
    palette = b"".join(bytes([grey, grey, grey, 0]) for grey in range(256))
    offset = 14 + 40 + len(palette)
    head = struct.pack("<2sIHHI", b"BM", offset + len(data), 0, 0, offset)
    info = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, compression, len(data), 0, 0, 256, 0)
    return head + info + palette + data


def bmp_runs() -> bytes:
    """Return 25 megapixels in runs of 250."""
    return bmp(1, (b"\xfa\x07" * (SIDE // 250) + b"\0\0") * SIDE + b"\0\1")


def bmp_single_runs() -> bytes:
    """Return 10 MB of runs of one pixel."""
    return bmp(1, filled(b"\1\7"))


def bmp_deltas() -> bytes:
    """Return 10 MB of moves to where one is."""
    return bmp(1, filled(b"\0\2\0\0"), side=64)


HARMLESS = (bmp_runs,)
UNTOLD = (bmp_single_runs, bmp_deltas)
