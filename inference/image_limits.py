"""What of an image is too much, judged by what its file says before anything is decoded.

A decoder's time and memory follow from more than width and height: a stamp may lie on a tile of 16384 pixels
a side, and a JPEG may go through its pixels 5000 times. What a header does not tell is bounded from outside.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from inference.image_structure.sniffing import READERS, read_structure, sniff_format
from inference.image_structure.structure import Structure

MIB = 2**20

ALLOWED_FORMATS = tuple(READERS)
DEFAULT_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")  # what people upload in earnest

MAX_ASPECT = 32  # of a strip 1 pixel wide, resizing would make an image of billions
MAX_SCANS = 100  # a progressive JPEG has 10, one that was optimised for size up to 30
MAX_SCANNED_PIXELS = 16  # all scans together, times the pixels that are allowed
MAX_INFLATED = 32  # compressed texts and profiles; Pillow lets each become 1 MiB
COMPRESSIONS = {1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946}  # of TIFF; LZMA and Zstandard ask for memory at will

DECODING_BYTES_PER_PIXEL = 16  # at most, in all formats and modes; a test holds the worst of each to it
DECODING_BYTES = 48 * MIB  # beside that, of whatever size the image is
BATCH_PIXELS = 4_000_000  # larger images are decoded alone


def decoding_bytes(pixels: int) -> int:
    """Return the bytes that decoding an image of so many pixels may take."""
    return DECODING_BYTES_PER_PIXEL * pixels + DECODING_BYTES


class NotAnImage(Exception):
    """The bytes are no image that can be decoded."""


class TooManyPixels(Exception):
    """The image would be larger than allowed once decoded."""


@dataclass(frozen=True)
class PartLimits:
    """How many parts a format's files may have, and how much beside the pixels, in bytes."""

    parts: int
    metadata_bytes: int


# An encoder that writes small parts fills 10 MiB with so many; a camera's depth map is megabytes of metadata.
PART_LIMITS = {
    "JPEG": PartLimits(1000, 8 * MIB),
    "PNG": PartLimits(16_384, 8 * MIB),
    "WEBP": PartLimits(16_384, 8 * MIB),
    "AVIF": PartLimits(8_192, 8 * MIB),
    "GIF": PartLimits(8_192, MIB),  # Pillow joins a comment's blocks one by one
    "BMP": PartLimits(1, 0),
    "TIFF": PartLimits(65_536, 8 * MIB),
}


def check_structure(data: bytes, max_pixels: int, formats: Sequence[str] = DEFAULT_FORMATS) -> Structure:
    """Return what the file says that it holds, if decoding that costs no more than it may.

    Raises:
        NotAnImage: it is none of `formats`, or made of more parts than earnest images are.
        TooManyPixels: decoding would make more than `max_pixels`, or a strip, or go through them too often.
    """
    name = sniff_format(data)
    if name is None or name not in formats:
        raise NotAnImage(f"it is {f'{name}, ' if name else ''}none of {', '.join(formats)}")
    structure = read_structure(data, name, PART_LIMITS[name].parts + 1)
    check_pixels(structure, max_pixels)
    check_parts(structure)
    return structure


def check_pixels(structure: Structure, max_pixels: int) -> None:
    """Raise TooManyPixels if there are more than `max_pixels`, in all scans or in a strip."""
    check_size(structure.width, structure.height, max_pixels)
    if structure.pixels > max_pixels:
        raise TooManyPixels(f"its tiles have {structure.pixels} pixels; {max_pixels} are allowed")
    scanned, most = structure.scans * structure.pixels, MAX_SCANNED_PIXELS * max_pixels
    if scanned > most:
        raise TooManyPixels(f"its {structure.scans} scans go through {scanned} pixels; {most} are allowed")


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raise TooManyPixels if so large an image is too large, or a strip."""
    if width * height > max_pixels:
        raise TooManyPixels(f"it has {width} x {height} pixels; {max_pixels} are allowed")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise TooManyPixels(f"it is {width} x {height}, one side over {MAX_ASPECT} times the other")


def check_parts(structure: Structure) -> None:
    """Raise NotAnImage if the file is made of more than any earnest one."""
    limits = PART_LIMITS[structure.format]
    for count, most, what in [
        (structure.scans, MAX_SCANS, "scans"),
        (structure.parts, limits.parts, "parts"),
        (structure.metadata_bytes, limits.metadata_bytes, "bytes of metadata"),
        (structure.inflated, MAX_INFLATED, "compressed texts"),
    ]:
        if count > most:
            raise NotAnImage(f"it has more than {most} {what}, which no {structure.format} needs")
    if structure.compression not in COMPRESSIONS | {None}:
        raise NotAnImage(f"it is compressed in TIFF's way {structure.compression}, which is not taken")
