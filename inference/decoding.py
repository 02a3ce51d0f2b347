"""Strangers' bytes to an image as it is stored, how to bring it upright, and its pixels as an array."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import AvifImagePlugin, Image
from PIL.JpegImagePlugin import JpegImageFile

from inference.image_limits import DEFAULT_FORMATS, NotAnImage, TooManyPixels, check_size, check_structure
from inference.image_structure.structure import Structure

__all__ = ["Decoded", "HoldsTooMany", "NotAnImage", "TooManyPixels", "decode"]

BAND_PIXELS = 1_000_000
ORIENTATION = 0x0112  # of EXIF 2.3


class Turn(NamedTuple):
    """How to bring a stored image upright: mirror its x and y, then swap the two."""

    mirrors_x: bool
    mirrors_y: bool
    swaps: bool


UPRIGHT = Turn(False, False, False)
TURNS = {
    1: UPRIGHT,
    2: Turn(True, False, False),
    3: Turn(True, True, False),
    4: Turn(False, True, False),
    5: Turn(False, False, True),
    6: Turn(False, True, True),
    7: Turn(True, True, True),
    8: Turn(True, False, True),
}

Image.MAX_IMAGE_PIXELS = None  # `check_size` bounds them; Pillow's limit may be the smaller one
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # there is a worker for each CPU; threads would only take memory


@dataclass(frozen=True, eq=False)
class Decoded:
    """An image as stored, its size before a JPEG was reduced, and how to turn it upright.

    `has_halved_colours` is of a JPEG that stores one colour for several pixels.
    """

    image: Image.Image
    width: int
    height: int
    has_halved_colours: bool = False
    turn: Turn = UPRIGHT

    @property
    def reduction(self) -> int:
        """Return by what the image's sides were divided: 1, 2, 4 or 8."""
        return round(max(self.width, self.height) / max(self.image.size))


class HoldsTooMany(Exception):
    """The decoder would hold more pixels at a time than it may here."""


def decode(
    data: bytes,
    max_pixels: int,
    shortest_side: float = math.inf,
    formats: Sequence[str] = DEFAULT_FORMATS,
    held_pixels: float = math.inf,
) -> Decoded:
    """Decode the first frame; to turn it and to lay it on white costs less once it is small.

    A JPEG comes out at half, a quarter or an eighth of its size as long as no side gets shorter than
    `shortest_side`: libjpeg then computes only the pixels that it returns.

    Raises:
        NotAnImage: not one of `formats`, truncated, corrupt, or of too many parts.
        TooManyPixels: what decoding makes, told by the header, is over `max_pixels`.
        HoldsTooMany: the decoder would hold more than `held_pixels` at a time.
    """
    structure = check_structure(data, max_pixels, formats)
    try:
        with Image.open(io.BytesIO(data), formats=[structure.format]) as image:
            width, height = image.size
            check_size(width, height, max_pixels)  # as the decoder has it
            if shortest_side < min(width, height):
                image.draft(None, (math.ceil(shortest_side), math.ceil(shortest_side)))
            check_held(image, structure, held_pixels)
            image.load()
            vars(image).pop("_decoder", None)  # WebP's has two more canvases, and would live with the image
            return Decoded(image, width, height, halves_colours(image), read_turn(image))
    except (TooManyPixels, HoldsTooMany):
        raise
    except MemoryError as error:
        raise TooManyPixels("decoding it takes more memory than an image may") from error
    except Exception as error:  # decoders raise anything on hostile bytes: struct.error, KeyError …
        raise NotAnImage(f"it cannot be decoded: {error}") from error


def fault_of(
    data: bytes, max_pixels: int, shortest_side: float = math.inf, held_pixels: float = math.inf
) -> str | None:
    """Return why an image cannot be decoded, None where it can; see `decode`."""
    try:
        decode(data, max_pixels, shortest_side, held_pixels=held_pixels)
    except (NotAnImage, TooManyPixels) as error:
        return str(error)
    return None


def check_held(image: Image.Image, structure: Structure, most: float) -> None:
    """Raise HoldsTooMany if the decoder would; of a baseline JPEG it holds those that come out reduced."""
    is_whole = structure.scans > 1 or "progressive" in image.info or not isinstance(image, JpegImageFile)
    if (structure.pixels if is_whole else image.width * image.height) > most:
        raise HoldsTooMany


def read_turn(image: Image.Image) -> Turn:
    """Return what EXIF says of how the camera was held; upright where it cannot be read."""
    try:
        return TURNS[int(image.getexif().get(ORIENTATION, 1))]
    except Exception:  # an image is no worse for its EXIF, which says anything
        return UPRIGHT


def halves_colours(image: Image.Image) -> bool:
    """Tell whether a JPEG stores one colour for two by two pixels (4:2:0)."""
    return isinstance(image, JpegImageFile) and [layer[1:3] for layer in image.layer[:2]] == [(2, 2), (1, 1)]


def to_array(image: Image.Image) -> NDArray[np.uint8]:
    """Return any mode's pixels: (H, W, 3) of RGB, or (H, W, 4) of premultiplied RGBA if it is transparent.

    Large images are converted in bands, so that there is never a second one of their size.
    """
    width, height = image.size
    rows = max(1, BAND_PIXELS // width)
    if height <= rows:
        return np.array(to_eight_bits(image))
    channels = len(to_eight_bits(image.crop((0, 0, 1, 1))).getbands())
    pixels = np.empty((height, width, channels), np.uint8)
    for top in range(0, height, rows):
        band = image.crop((0, top, width, min(top + rows, height)))
        pixels[top : top + rows] = np.asarray(to_eight_bits(band))
    return pixels


def to_eight_bits(image: Image.Image) -> Image.Image:
    """Bring any mode to RGB, or to RGBa if it is transparent; 16 bits are scaled."""
    if image.mode.startswith("I"):
        return sixteen_bits_to_eight(image).convert("RGB")
    if image.has_transparency_data:
        layered = image if image.mode == "RGBA" else image.convert("RGBA")
        return layered.convert("RGBa")
    return image if image.mode == "RGB" else image.convert("RGB")


def sixteen_bits_to_eight(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits; Pillow's own conversion would clip everything above 255."""
    pixels = np.asarray(image).clip(0, 65535) >> 8
    return Image.fromarray(pixels.astype(np.uint8))
