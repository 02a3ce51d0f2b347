"""Strangers' bytes to an upright RGB image."""

import io
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")
WHITE = (255, 255, 255)

ORIENTATION = 0x0112  # of EXIF 2.3, and how to turn an image that has it
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
LYING = (5, 6, 7, 8)


class NotAnImage(Exception):
    """The bytes are no image that can be decoded."""


class TooManyPixels(Exception):
    """The image would be larger than allowed once decoded."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """An image, its size before a JPEG was reduced, and whether that stores colours at half size."""

    image: Image.Image
    width: int
    height: int
    has_halved_colours: bool = False

    @property
    def reduction(self) -> int:
        """Return by what the image's sides were divided: 1, 2, 4 or 8."""
        return round(max(self.width, self.height) / max(self.image.size))


def decode(data: bytes, max_pixels: int, shortest_side: float = math.inf) -> Decoded:
    """Decode the first frame to 8-bit RGB, turned as its EXIF orientation says, transparency on white.

    A JPEG comes out at half, a quarter or an eighth of its size as long as no side gets shorter than
    `shortest_side`: libjpeg then computes only the pixels that it returns.

    Raises:
        NotAnImage: not one of FORMATS, truncated, or corrupt.
        TooManyPixels: width times height, read from the header before decoding, is over `max_pixels`.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            if width * height <= max_pixels:
                if shortest_side < min(width, height):
                    image.draft(None, (math.ceil(shortest_side), math.ceil(shortest_side)))
                image.load()
                orientation = read_orientation(image)
                upright = image.transpose(TURNS[orientation]) if orientation in TURNS else image
                if orientation in LYING:
                    width, height = height, width
                return Decoded(to_rgb(upright), width, height, halves_colours(image))
            size = f"{width} x {height}"
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(f"{max_pixels} pixels are allowed; {error}") from error
    except UnidentifiedImageError as error:
        raise NotAnImage(f"it is none of {', '.join(FORMATS)}") from error
    except Exception as error:  # decoders raise anything on hostile bytes: struct.error, KeyError …
        raise NotAnImage(f"it cannot be decoded: {error}") from error
    raise TooManyPixels(f"it has {size} pixels; {max_pixels} are allowed")


def read_orientation(image: Image.Image) -> int:
    """Return what EXIF says of how the camera was held; 1, upright, where it cannot be read."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # an image is no worse for its EXIF, which says anything
        return 1


def halves_colours(image: Image.Image) -> bool:
    """Tell whether a JPEG stores one colour for two by two pixels (4:2:0)."""
    return isinstance(image, JpegImageFile) and [layer[1:3] for layer in image.layer[:2]] == [(2, 2), (1, 1)]


def to_rgb(image: Image.Image) -> Image.Image:
    """Bring any mode to RGB: 16 bits scaled to 8, transparency laid on white."""
    if image.mode.startswith("I"):
        return sixteen_bits_to_eight(image).convert("RGB")
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        flat = Image.new("RGB", layered.size, WHITE)
        flat.paste(layered, mask=layered.getchannel("A"))
        return flat
    return image if image.mode == "RGB" else image.convert("RGB")


def sixteen_bits_to_eight(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits; Pillow's own conversion would clip everything above 255."""
    pixels = np.asarray(image).clip(0, 65535) >> 8
    return Image.fromarray(pixels.astype(np.uint8))
