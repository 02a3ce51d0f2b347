"""Image files that cost far more than their bytes: a few bytes to 10 MB each, made here and nowhere else.

A name begins with its format. What one decoder repeats, skips or allocates at a stranger's word is a class;
beside the plainest file of a class stand variants that a check for that one file would let through.
Each format's module has its building blocks, its images, and which of these groups they are of:

- `HOSTILE`: what they say of themselves is enough to refuse them, at little cost.
- `HARMLESS`: they look so, or go up to the limits, and are decoded within an image's budget.
- `UNTOLD`: no count tells what they cost. The decoder refuses them, or the time that an image may take.
"""

from collections.abc import Callable
from functools import cache

from tests.hostile_images import avif, bmp, gif, jpeg, png, tiff, webp


def named(*makes: Callable[[], bytes]) -> dict[str, Callable[[], bytes]]:
    """Return functions by their names."""
    return {make.__name__: make for make in makes}


HOSTILE = named(*tiff.HOSTILE, *jpeg.HOSTILE, *png.HOSTILE, *gif.HOSTILE, *webp.HOSTILE, *avif.HOSTILE)
HARMLESS = named(
    *map(  # an encoder takes long to make them
        cache,
        (
            *tiff.HARMLESS,
            *jpeg.HARMLESS,
            *png.HARMLESS,
            *gif.HARMLESS,
            *webp.HARMLESS,
            *avif.HARMLESS,
            *bmp.HARMLESS,
        ),
    )
)
UNTOLD = named(*png.UNTOLD, *bmp.UNTOLD)
IMAGES = {**HOSTILE, **HARMLESS, **UNTOLD}


def truncated(data: bytes, parts: int = 8) -> list[bytes]:
    """Return a file cut at so many places."""
    return [data[: len(data) * part // parts] for part in range(parts)]
