"""PNG: chunks by the hundred thousand, texts and profiles that swell, pixels in several passes."""

import struct
import zlib

from PIL import Image

from tests.hostile_images.filling import SIDE, filled, zeros
from tests.image_files import encoded, turned


def chunk(name: bytes, data: bytes) -> bytes:
    """Return a PNG chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(
    width: int, height: int, colour: int, *chunks: bytes, depth: int = 8, interlaced: bool = False
) -> bytes:
    """Return a PNG of these chunks between header and end."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def png_blank(width: int, height: int, channels: int, depth: int = 8) -> bytes:
    """Return the chunk with an image of zeros."""
    return chunk(b"IDAT", zeros(height * (1 + width * channels * depth // 8)))


def png_with(chunks: bytes) -> bytes:
    """Return a small PNG with these chunks before its pixels."""
    return png(8, 8, 2, chunks, png_blank(8, 8, 3))


def png_many_chunks() -> bytes:
    """Return 870,000 empty chunks."""
    return png_with(filled(chunk(b"teSt", b"")))


def png_many_texts() -> bytes:
    """Return 10 MB of tiny texts."""
    return png_with(filled(chunk(b"tEXt", b"a\0b")))


def png_most_texts() -> bytes:
    """Return nearly as many texts as chunks are allowed."""
    return png_with(chunk(b"tEXt", b"a\0b") * 16_000)


def png_text_bomb() -> bytes:
    """Return sixty texts of a kilobyte that become a megabyte each."""
    return png_with(chunk(b"zTXt", b"a\0\0" + zeros(2**20 - 1)) * 60)


def png_exif_entries() -> bytes:
    """Return EXIF of 65,000 entries."""
    entries = b"".join(struct.pack("<HHII", 300 + index, 4, 1, 7) for index in range(65_000))
    return png_with(chunk(b"eXIf", b"II*\0" + struct.pack("<IH", 8, 65_000) + entries + bytes(4)))


def png_many_empty_idats() -> bytes:
    """Return 870,000 pieces of image without bytes."""
    return png_with(filled(chunk(b"IDAT", b"")))


def png_one_byte_idats() -> bytes:
    """Return an image in pieces of one byte, 13 each."""
    raw = zlib.compress(bytes(616_448), 0)
    image = b"".join(chunk(b"IDAT", raw[place : place + 1]) for place in range(len(raw)))
    return png(100, 2048, 2, image)


def png_pixel_bomb() -> bytes:
    """Return a square of 20,000 pixels a side, of one bit each."""
    return png(20_000, 20_000, 0, png_blank(20_000, 20_000, 1, 1), depth=1)


def png_24_megapixels() -> bytes:
    """Return 24 megapixels of eight bits."""
    return png(6000, 4000, 2, png_blank(6000, 4000, 3))


def png_16_bits() -> bytes:
    """Return 25 megapixels of four times 16 bits, turned."""
    exif = chunk(b"eXIf", turned().removeprefix(b"Exif\0\0"))
    return png(SIDE, SIDE, 6, exif, png_blank(SIDE, SIDE, 4, 16), depth=16)


def png_interlaced() -> bytes:
    """Return 25 megapixels in seven passes."""
    passes = ((8, 8), (8, 8), (4, 8), (4, 4), (2, 4), (2, 2), (1, 2))
    size = sum(-(-SIDE // down) * (1 + -(-SIDE // across) * 4) for across, down in passes)
    return png(SIDE, SIDE, 6, chunk(b"IDAT", zeros(size + 100_000)), interlaced=True)


def png_turned_rgba() -> bytes:
    """Return 25 megapixels with transparency, turned."""
    exif = chunk(b"eXIf", turned().removeprefix(b"Exif\0\0"))
    return png(SIDE, SIDE, 6, exif, png_blank(SIDE, SIDE, 4))


def png_tall() -> bytes:
    """Return 1 x 25,000,000 pixels."""
    return png(1, SIDE * SIDE, 0, png_blank(1, SIDE * SIDE, 1))


def png_wide() -> bytes:
    """Return 25,000,000 x 1 pixels."""
    return png(SIDE * SIDE, 1, 0, png_blank(SIDE * SIDE, 1, 1))


def png_icc_bomb() -> bytes:
    """Return a colour profile of 1 GB in 1 MB."""
    return png_with(chunk(b"iCCP", b"x\0\0" + zeros(2**30)))


def png_animated() -> bytes:
    """Return 400 frames of 1000 x 1000."""
    frames = [Image.new("P", (1000, 1000), number) for number in range(400)]
    return encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])


HOSTILE = (
    png_many_chunks,
    png_many_texts,
    png_text_bomb,
    png_many_empty_idats,
    png_one_byte_idats,
    png_pixel_bomb,
    png_tall,
    png_wide,
)
HARMLESS = (
    png_most_texts,
    png_exif_entries,
    png_24_megapixels,
    png_16_bits,
    png_interlaced,
    png_turned_rgba,
    png_animated,
)
UNTOLD = (png_icc_bomb,)
