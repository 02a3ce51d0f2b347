"""AVIF: boxes and items by the hundred thousand, and sizes that do not agree."""

import struct

from PIL import Image

from tests.hostile_images.filling import SIDE, detail
from tests.image_files import encoded, turned


def box(name: bytes, content: bytes) -> bytes:
    """Return a box with its length."""
    return struct.pack(">I", 8 + len(content)) + name + content


def avif_with(boxes: bytes) -> bytes:
    """Return a small AVIF with these boxes behind its first one."""
    avif = encoded(Image.new("RGB", (16, 16)), "AVIF")
    end = int.from_bytes(avif[:4], "big")
    return avif[:end] + boxes + avif[end:]


def saying(size: tuple[int, int], avif: bytes) -> bytes:
    """Return the image with another size in its `ispe`."""
    at = avif.index(b"ispe") + 8
    return avif[:at] + struct.pack(">II", *size) + avif[at + 8 :]


def avif_many_boxes() -> bytes:
    """Return an image behind a million empty boxes."""
    return avif_with(box(b"free", b"") * 1_000_000)


def avif_many_items() -> bytes:
    """Return a list of 65,535 items, each of which a reader looks for among those before."""
    entry = box(b"infe", b"\2\0\0\0\0\1\0\0av01\0")
    items = box(b"iinf", struct.pack(">IH", 0, 65_535) + entry * 65_535)
    return avif_with(box(b"meta", bytes(4) + items))


def avif_many_places() -> bytes:
    """Return 20,000 boxes that say where a first frame lies: each at the begin of 10 MB."""
    return avif_with(box(b"stco", struct.pack(">III", 0, 1, 1)) * 20_000) + bytes(9_500_000)


def avif_huge() -> bytes:
    """Return an image of 16 x 16 pixels that says it is one of 65,535 x 65,535."""
    return saying((65_535, 65_535), avif_with(b""))


def avif_hidden_frame() -> bytes:
    """Return an image that says it is of 64 x 64 pixels, while its AV1 frame is of 5100 x 5100."""
    return saying((64, 64), encoded(Image.new("L", (5100, 5100), 90), "AVIF", speed=10))


def avif_25_megapixels() -> bytes:
    """Return an AVIF with transparency and a turn."""
    image = Image.new("RGBA", (SIDE, SIDE), (10, 200, 30, 100))
    return encoded(image, "AVIF", speed=10, quality=30, exif=turned())


def avif_detail() -> bytes:
    """Return 12 megapixels of fine detail."""
    return encoded(detail((1000, 750), (4000, 3000)).convert("RGB"), "AVIF", speed=10, quality=40)


def avif_animated() -> bytes:
    """Return 40 frames of 1500 x 1500."""
    first, *others = [Image.new("RGB", (1500, 1500), (6 * number, 0, 0)) for number in range(40)]
    return encoded(first, "AVIF", save_all=True, append_images=others, speed=10)


HOSTILE = (avif_many_boxes, avif_many_items, avif_many_places, avif_huge, avif_hidden_frame)
HARMLESS = (avif_25_megapixels, avif_detail, avif_animated)
