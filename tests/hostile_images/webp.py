"""WebP: a canvas larger than its frames, chunks behind the image, several copies of all pixels."""

import struct

from PIL import Image

from tests.hostile_images.filling import SIDE, detail
from tests.image_files import encoded, turned


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a WebP of chunks, each a name and its content."""
    body = b"".join(
        name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2) for name, content in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def less_one(number: int) -> bytes:
    """Return a side's length as a container has it: less one, in three bytes."""
    return struct.pack("<I", number - 1)[:3]


def still() -> bytes:
    """Return the chunk with an image of 16 x 16 pixels."""
    return encoded(Image.new("RGB", (16, 16)), "WEBP")[12:]


def webp_huge_canvas() -> bytes:
    """Return a frame of 16 x 16 pixels on a canvas of 16384 x 16384, which opening allocates twice."""
    frame = bytes(6) + less_one(16) * 2 + bytes(4) + still()
    canvas = b"\2\0\0\0" + less_one(16_384) * 2
    return riff((b"VP8X", canvas), (b"ANIM", bytes(6)), (b"ANMF", frame))


def webp_many_chunks() -> bytes:
    """Return a still image with a hundred thousand empty chunks behind it."""
    name, content = still()[:4], still()[8:]
    return riff((b"VP8X", bytes(4) + less_one(16) * 2), (name, content), *[(b"junk", b"")] * 100_000)


def webp_turned_rgba() -> bytes:
    """Return 25 megapixels with transparency and an EXIF turn."""
    image = Image.new("RGBA", (SIDE, SIDE), (10, 200, 30, 100))
    return encoded(image, "WEBP", lossless=True, method=0, quality=0, exif=turned())


def webp_animated() -> bytes:
    """Return 12 frames of 2000 x 2000 with transparency."""
    first, *others = [Image.new("RGBA", (2000, 2000), (number, 0, 0, 100)) for number in range(12)]
    return encoded(first, "WEBP", save_all=True, append_images=others, method=0, lossless=True, quality=0)


def webp_wide() -> bytes:
    """Return 16,383 x 1500 pixels of lossy detail."""
    return encoded(detail((4096, 375), (16383, 1500)).convert("RGB"), "WEBP", method=0, quality=40)


HOSTILE = (webp_huge_canvas, webp_many_chunks)
HARMLESS = (webp_turned_rgba, webp_animated, webp_wide)
