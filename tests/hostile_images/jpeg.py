"""JPEG: scans that go through all pixels again, and segments by the hundred thousand."""

import struct
from functools import cache

from PIL import Image

from tests.hostile_images.filling import SIDE, detail, filled
from tests.image_files import encoded


def segment(marker: int, payload: bytes) -> bytes:
    """Return a JPEG segment with its length."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


@cache
def blank_jpeg(width: int, height: int, mode: str, progressive: bool) -> bytes:
    """Return an encoded JPEG of one colour."""
    return encoded(Image.new(mode, (width, height)), "JPEG", quality=50, progressive=progressive)


def jpeg_scans(width: int, height: int, count: int, mode: str = "L") -> bytes:
    """Return a progressive JPEG whose last scan is repeated so often beside its own 6, or 10 in colour."""
    jpeg = blank_jpeg(width, height, mode, progressive=True)
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + jpeg[last:-2] * count + jpeg[-2:]


def jpeg_many_scans() -> bytes:
    """Return a JPEG with 5000 scans of 25 megapixels."""
    return jpeg_scans(SIDE, SIDE, 5000)


def jpeg_many_scans_colour() -> bytes:
    """Return 2000 scans of 25 megapixels in colour."""
    return jpeg_scans(SIDE, SIDE, 2000, "RGB")


def jpeg_many_scans_small() -> bytes:
    """Return 100,000 scans of a small image."""
    return jpeg_scans(640, 480, 100_000)


def jpeg_scans_of_photo() -> bytes:
    """Return 300 scans of 24 megapixels: few enough to pass for an ordinary progressive JPEG's."""
    return jpeg_scans(6000, 4000, 300)


def jpeg_empty_scans(marker: int, count: int, components: int = 1) -> bytes:
    """Return a JPEG of the frame type `marker` whose scans have headers and no data."""
    layers = b"".join(bytes([number, 0x11, 0]) for number in range(1, components + 1))
    frame = segment(marker, struct.pack(">BHHB", 8, SIDE, SIDE, components) + layers)
    quantisation = segment(0xDB, b"\x00" + b"\x10" * 64)
    huffman = segment(0xC4, b"\x00" + b"\x01" + bytes(15) + b"\x00")
    huffman += segment(0xC4, b"\x10" + b"\x01" + bytes(15) + b"\x00")
    progressive = marker in {0xC2, 0xCA}
    first = segment(0xDA, b"\x01\x01\x00\x00\x00\x00" if progressive else b"\x01\x01\x00\x00\x3f\x00")
    later = segment(0xDA, b"\x01\x01\x00\x01\x3f\x00") if progressive else first
    return b"\xff\xd8" + quantisation + frame + huffman + first + later * count + b"\xff\xd9"


def jpeg_empty_progressive_scans() -> bytes:
    """Return 5000 progressive scans of 10 bytes each."""
    return jpeg_empty_scans(0xC2, 5000)


def jpeg_arithmetic_scans() -> bytes:
    """Return 2000 scans in arithmetic coding, which decode zeros for ever."""
    return jpeg_empty_scans(0xCA, 2000)


def jpeg_sequential_scans() -> bytes:
    """Return a baseline JPEG with 5000 scans."""
    return jpeg_empty_scans(0xC1, 5000, components=3)


def jpeg_arithmetic() -> bytes:
    """Return 150 bytes: one arithmetic scan of 25 megapixels."""
    return jpeg_empty_scans(0xC9, 0)


def jpeg_with(segments: bytes) -> bytes:
    """Return a small JPEG that begins with these segments."""
    jpeg = blank_jpeg(64, 64, "RGB", progressive=False)
    return jpeg[:2] + segments + jpeg[2:]


def jpeg_exif_segments() -> bytes:
    """Return 10 MB of tiny EXIF segments."""
    return jpeg_with(filled(segment(0xE1, b"Exif\0\0xx")))


def jpeg_empty_exif_segments() -> bytes:
    """Return 10 MB of EXIF segments without any EXIF."""
    return jpeg_with(filled(segment(0xE1, b"Exif\0\0")))


def jpeg_xmp_segments() -> bytes:
    """Return 10 MB of tiny XMP segments."""
    return jpeg_with(filled(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0x")))


def jpeg_comment_segments() -> bytes:
    """Return 10 MB of empty comments."""
    return jpeg_with(filled(segment(0xFE, b"")))


def jpeg_icc_segments() -> bytes:
    """Return 10 MB of tiny pieces of a colour profile."""
    return jpeg_with(filled(segment(0xE2, b"ICC_PROFILE\0\x01\x01x")))


def jpeg_photoshop_segments() -> bytes:
    """Return 10 MB of tiny Photoshop segments."""
    return jpeg_with(filled(segment(0xED, b"Photoshop 3.0\0008BIM\x03\xed\0\0\0\0\0\0")))


def jpeg_table_segments() -> bytes:
    """Return 10 MB of quantisation tables."""
    return jpeg_with(filled(segment(0xDB, b"\x00" + b"\x10" * 64)))


def jpeg_fill_bytes() -> bytes:
    """Return 10 MB of the bytes that may stand before a marker."""
    return jpeg_with(filled(b"\xff"))


def jpeg_only_fill_bytes() -> bytes:
    """Return the same, and nothing behind them."""
    return b"\xff\xd8" + filled(b"\xff")


def jpeg_junk() -> bytes:
    """Return 10 MB between two segments, where a reader looks for the next one byte by byte."""
    return jpeg_with(segment(0xFE, b"") + filled(b"\1"))


def jpeg_most_fill_bytes() -> bytes:
    """Return nearly as many bytes before a marker as are allowed."""
    return jpeg_with(filled(b"\xff", 250_000))


def jpeg_giant_icc() -> bytes:
    """Return 10 MB of colour profile in large segments."""
    return jpeg_with(filled(segment(0xE2, b"ICC_PROFILE\0\x01\x01" + bytes(65000))))


def jpeg_giant_xmp() -> bytes:
    """Return 10 MB of XMP in large segments."""
    return jpeg_with(filled(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + b"<x>" * 21000)))


def jpeg_giant_exif() -> bytes:
    """Return 10 MB of EXIF in large segments."""
    return jpeg_with(filled(segment(0xE1, b"Exif\0\0" + bytes(65_000))))


def jpeg_large_exif() -> bytes:
    """Return nearly as much EXIF as is allowed."""
    return jpeg_with(filled(segment(0xE1, b"Exif\0\0" + bytes(65_000)), 8_100_000))


def jpeg_photoshop_resources() -> bytes:
    """Return half a million of Photoshop's resources, each of which is read for itself."""
    resource = b"8BIM" + bytes.fromhex("0404 0000 00000000")
    return jpeg_with(segment(0xED, b"Photoshop 3.0\0" + resource * 5000) * 100)


def jpeg_photo(progressive: bool) -> bytes:
    """Return 24 megapixels of fine detail, as large as a body may be."""
    grey = detail((1500, 1000), (6000, 4000))
    image = Image.merge("RGB", [grey, grey.transpose(Image.Transpose.ROTATE_180), grey])
    return encoded(image, "JPEG", quality=60, progressive=progressive)


def jpeg_24_megapixels() -> bytes:
    """Return a camera's honest photo."""
    return jpeg_photo(progressive=False)


def jpeg_24_megapixels_progressive() -> bytes:
    """Return the same, progressive."""
    return jpeg_photo(progressive=True)


def jpeg_wide() -> bytes:
    """Return 65,500 x 380 pixels."""
    return encoded(Image.new("RGB", (65500, 380)), "JPEG")


def jpeg_cmyk() -> bytes:
    """Return 25 megapixels of four colours."""
    return encoded(Image.new("CMYK", (SIDE, SIDE)), "JPEG", subsampling=0)


HOSTILE = (
    jpeg_many_scans,
    jpeg_many_scans_colour,
    jpeg_many_scans_small,
    jpeg_scans_of_photo,
    jpeg_empty_progressive_scans,
    jpeg_arithmetic_scans,
    jpeg_sequential_scans,
    jpeg_exif_segments,
    jpeg_empty_exif_segments,
    jpeg_xmp_segments,
    jpeg_comment_segments,
    jpeg_icc_segments,
    jpeg_photoshop_segments,
    jpeg_table_segments,
    jpeg_fill_bytes,
    jpeg_only_fill_bytes,
    jpeg_junk,
    jpeg_giant_exif,
    jpeg_giant_icc,
    jpeg_giant_xmp,
    jpeg_wide,
)
HARMLESS = (
    jpeg_arithmetic,
    jpeg_most_fill_bytes,
    jpeg_large_exif,
    jpeg_photoshop_resources,
    jpeg_24_megapixels,
    jpeg_24_megapixels_progressive,
    jpeg_cmyk,
)
