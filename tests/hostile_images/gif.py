"""GIF: blocks and bytes before the first frame, and frames that nobody looks at."""

import struct

from PIL import Image

from tests.hostile_images.filling import SIDE, filled
from tests.image_files import encoded


def first_frame(gif: bytes) -> int:
    """Return where the first frame begins, in a file without other blocks before it."""
    return gif.index(b",", 13 + 3 * 2 ** ((gif[10] & 7) + 1))


def gif_with(blocks: bytes) -> bytes:
    """Return a small GIF with these blocks before its frame."""
    gif = encoded(Image.new("P", (8, 8)), "GIF")
    return gif[: first_frame(gif)] + blocks + gif[first_frame(gif) :]


def gif_comments() -> bytes:
    """Return 10 MB of tiny comments."""
    return gif_with(filled(b"!\xfe\1a\0"))


def gif_comment_blocks() -> bytes:
    """Return 10 MB of one comment in blocks of 255 bytes, which a reader may join one by one."""
    return gif_with(b"!\xfe" + filled(b"\xff" + b"x" * 255) + b"\0")


def gif_junk() -> bytes:
    """Return 10 MB between two blocks, where a reader looks for the next one byte by byte."""
    return gif_with(filled(b"\1"))


def gif_far_frame() -> bytes:
    """Return a canvas of 8 x 8 pixels with a first frame of 60,000 x 60,000."""
    gif = gif_with(b"")
    size = first_frame(gif) + 5
    return gif[:size] + struct.pack("<HH", 60_000, 60_000) + gif[size + 4 :]


def gif_frames() -> bytes:
    """Return a hundred thousand frames, of which only the first one counts."""
    gif = gif_with(b"")
    return gif[:-1] + gif[first_frame(gif) : -1] * 100_000 + b";"


def gif_25_megapixels() -> bytes:
    """Return a GIF of one colour."""
    return encoded(Image.new("P", (SIDE, SIDE)), "GIF")


def gif_animated() -> bytes:
    """Return 281 frames of 1000 x 1000."""
    frames = [Image.new("P", (1000, 1000), number % 256) for number in range(15)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:] * 20)


HOSTILE = (gif_comments, gif_comment_blocks, gif_junk, gif_far_frame)
HARMLESS = (gif_frames, gif_25_megapixels, gif_animated)
