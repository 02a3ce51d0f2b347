"""What fills a body, or many pixels, from next to nothing."""

import struct
import zlib

from PIL import Image

BODY = 10 * 2**20 - 4096  # what the default MAX_BODY_BYTES lets in, with room for a form around it
SIDE = 5000  # squared, the default MAX_IMAGE_PIXELS
BLOCK = 2**20
ADLER_MODULUS = 65521


def filled(piece: bytes, size: int = BODY) -> bytes:
    """Return a piece as often as it fits into `size` bytes."""
    return piece * (size // len(piece))


def zeros(count: int) -> bytes:
    """Return so many zero bytes, deflated (RFC 1950): a block of them again and again."""
    block, end = zlib.compressobj(9, wbits=-15), zlib.compressobj(9, wbits=-15)
    repeated = block.compress(bytes(BLOCK)) + block.flush(zlib.Z_FULL_FLUSH)
    last = end.compress(bytes(count % BLOCK)) + end.flush()
    checksum = count % ADLER_MODULUS << 16 | 1
    return b"\x78\xda" + repeated * (count // BLOCK) + last + struct.pack(">I", checksum)


def detail(noise: tuple[int, int], size: tuple[int, int]) -> Image.Image:
    """Return a grey image of fine detail: noise of one size, enlarged to another."""
    return Image.effect_noise(noise, 60).resize(size, Image.Resampling.BICUBIC)
