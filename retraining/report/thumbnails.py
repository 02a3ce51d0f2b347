"""Small pictures that a page can hold."""

import base64
import io

from PIL import Image

from inference.decoding import HoldsTooMany, NotAnImage, TooManyPixels, decode, to_array

SIDE = 160
MAX_PIXELS, HELD_PIXELS = 25_000_000, 4_000_000
QUALITY = 82
WHITE = 255


def thumbnail(content: bytes) -> str | None:
    """Return an image's `data:` URI, at most SIDE a side; None of what is too large or none.

    The collector has decoded it before, yet it is a stranger's: what decoding takes is bounded here too.
    """
    try:
        decoded = decode(content, MAX_PIXELS, 2 * SIDE, held_pixels=HELD_PIXELS)
    except (NotAnImage, TooManyPixels, HoldsTooMany):
        return None
    image = on_white(decoded.image)
    image.thumbnail((SIDE, SIDE), reducing_gap=2)
    for is_asked, how in (
        (decoded.turn.mirrors_x, Image.Transpose.FLIP_LEFT_RIGHT),
        (decoded.turn.mirrors_y, Image.Transpose.FLIP_TOP_BOTTOM),
        (decoded.turn.swaps, Image.Transpose.TRANSPOSE),
    ):
        if is_asked:
            image = image.transpose(how)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def on_white(image: Image.Image) -> Image.Image:
    """Return an image of any mode as RGB; what is transparent is white, as the model sees it."""
    pixels = to_array(image)
    if pixels.shape[2] == 4:  # premultiplied
        pixels = pixels[:, :, :3] + (WHITE - pixels[:, :, 3:])
    return Image.fromarray(pixels)
