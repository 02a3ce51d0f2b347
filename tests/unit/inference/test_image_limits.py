"""What an image costs is told by its header, and too much is refused before anything is decoded."""

import time
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from inference.backend import BackendSettings
from inference.decoding import decode
from inference.image_limits import ALLOWED_FORMATS, NotAnImage, TooManyPixels, check_pixels, check_structure
from inference.image_structure.structure import Structure
from tests.hostile_images import HARMLESS, HOSTILE, IMAGES, UNTOLD, truncated
from tests.hostile_images.jpeg import jpeg_scans, jpeg_with, segment
from tests.hostile_images.png import chunk, png
from tests.hostile_images.tiff import LONG, RAW, tiff, tiff_of
from tests.image_files import encoded

LIMIT = 25_000_000
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
MOST_SECONDS = 0.5  # of CPU, on a machine that does much else; unbounded it is 2 to 40


def detailed(width: int = 640, height: int = 480, mode: str = "RGB") -> Image.Image:
    """Return an image with detail of several sizes, as photos have it."""
    random = np.random.default_rng(7)
    coarse = random.integers(0, 256, (24, 32, 4), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return image.convert("RGB").quantize(64) if mode == "P" else image.convert(mode)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_at_little_cost(name: str) -> None:
    """Whatever it is made of, it is judged in less time than an ordinary photo takes to decode."""
    data = HOSTILE[name]()
    started = time.thread_time()
    with pytest.raises((NotAnImage, TooManyPixels)):
        check_structure(data, LIMIT, ALLOWED_FORMATS)
    assert time.thread_time() - started < MOST_SECONDS


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_just_allowed_is_decoded_within_its_budget(name: str) -> None:
    """The limits are low enough that whoever goes up to them gains nothing."""
    data = HARMLESS[name]()
    started = time.thread_time()
    decode(data, LIMIT, formats=ALLOWED_FORMATS)
    assert time.thread_time() - started < BackendSettings.image_seconds


@pytest.mark.parametrize("name", UNTOLD)
def test_what_no_count_tells_is_left_to_the_decoder_and_the_time_limit(name: str) -> None:
    """Whoever finds a count that tells of one makes it one of HOSTILE."""
    check_structure(UNTOLD[name](), LIMIT, ALLOWED_FORMATS)


@pytest.mark.parametrize("name", IMAGES)
def test_a_cut_file_is_refused_or_decoded_and_nothing_else(name: str) -> None:
    """Reading its structure does not fail where the file ends."""
    data = IMAGES[name]()
    for part in truncated(data[:100_000]):
        try:
            check_structure(part, LIMIT, ALLOWED_FORMATS)
        except (NotAnImage, TooManyPixels):
            continue


@pytest.mark.parametrize(
    ("name", "error", "reason"),
    [
        ("tiff_huge_tile", TooManyPixels, "its tiles have 268435456 pixels; 25000000 are allowed"),
        ("tiff_fax4_tall", TooManyPixels, "1 x 4000000, one side over 32 times the other"),
        ("tiff_lzma", NotAnImage, "TIFF's way 34925"),
        ("jpeg_exif_segments", NotAnImage, "more than 1000 parts"),
        ("jpeg_giant_exif", NotAnImage, "more than 8388608 bytes of metadata"),
        ("png_text_bomb", NotAnImage, "more than 32 compressed texts"),
        ("webp_huge_canvas", TooManyPixels, "16384 x 16384 pixels; 25000000 are allowed"),
        ("avif_hidden_frame", TooManyPixels, "5100 x 5100 pixels; 25000000 are allowed"),
        ("gif_far_frame", TooManyPixels, "60000 x 60000 pixels"),
    ],
)
def test_the_refusal_says_why_and_what_is_allowed(name: str, error: type[Exception], reason: str) -> None:
    """Who has uploaded it in earnest learns what to change."""
    with pytest.raises(error, match=reason):
        decode(HOSTILE[name](), LIMIT, formats=ALLOWED_FORMATS)


def test_scans_are_counted_by_themselves_and_by_their_pixels() -> None:
    """Many scans of a small image are as odd as few ones of a large image are dear."""
    with pytest.raises(NotAnImage, match="more than 100 scans"):
        check_structure(jpeg_scans(100, 100, 110), LIMIT)
    with pytest.raises(TooManyPixels, match="its 86 scans go through 86000000 pixels; 80000000 are allowed"):
        check_structure(jpeg_scans(1000, 1000, 80), 5_000_000)
    assert check_structure(jpeg_scans(1000, 1000, 80), LIMIT).scans == 86


def test_a_progressive_photo_of_the_largest_size_is_not_too_much() -> None:
    """With half as many scans again as encoders write."""
    check_pixels(Structure("JPEG", 5000, 5000, 25_000_000, scans=16), LIMIT)


def test_a_format_that_is_off_is_refused_before_its_decoder_sees_it() -> None:
    """The message says which are taken, and what this one is."""
    for name in ("BMP", "TIFF"):
        data = encoded(detailed(), name)
        with pytest.raises(NotAnImage, match=f"it is {name}, none of JPEG, PNG, WEBP, AVIF, GIF"):
            decode(data, LIMIT)
        assert decode(data, LIMIT, formats=[name]).image.size == (640, 480)
    with pytest.raises(NotAnImage, match="it is none of GIF"):
        decode(b"hello", LIMIT, formats=["GIF"])
    with pytest.raises(NotAnImage, match="it is JPEG, none of PNG"):
        decode(encoded(detailed(), "JPEG"), LIMIT, formats=["PNG"])


def exif_with_thumbnail() -> bytes:
    """Return EXIF as a camera writes it, with a thumbnail of 30 kB and a maker's note."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Maker", "Camera", 1
    exif.get_ifd(0x8769)[0x927C] = bytes(20_000)
    return exif.tobytes() + encoded(detailed(160, 120), "JPEG")


def interlaced_png() -> bytes:
    """Return a PNG in Adam7's seven passes, no row of them filtered."""
    pixels = np.asarray(detailed(101, 83, "L"))
    rows = [row for x, y, dx, dy in ADAM7 for row in pixels[y::dy, x::dx]]
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    return png(101, 83, 0, chunk(b"IDAT", packed), interlaced=True)


EARNEST: dict[str, Callable[[], bytes]] = {
    "baseline": lambda: encoded(detailed(), "JPEG"),
    "4:4:4": lambda: encoded(detailed(), "JPEG", subsampling=0, quality=100),
    "progressive": lambda: encoded(detailed(4000, 3000), "JPEG", progressive=True),
    "progressive CMYK": lambda: encoded(detailed().convert("CMYK"), "JPEG", progressive=True),
    "grey": lambda: encoded(detailed(mode="L"), "JPEG"),
    "restart markers": lambda: encoded(detailed(), "JPEG", restart_marker_blocks=1),
    "camera EXIF": lambda: encoded(detailed(), "JPEG", exif=exif_with_thumbnail()),
    "ICC in many segments": lambda: encoded(detailed(), "JPEG", icc_profile=bytes(2_000_000)),
    "extended XMP": lambda: jpeg_with(
        segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(60_000)) * 100
    ),
    "MPO": lambda: encoded(detailed(), "MPO", save_all=True, append_images=[detailed()]),
    "PNG": lambda: encoded(detailed(mode="RGBA"), "PNG"),
    "PNG of 4 MB": lambda: encoded(noise(), "PNG", compress_level=0),
    "interlaced PNG": interlaced_png,
    "PNG with texts": lambda: encoded(detailed(), "PNG", exif=exif_with_thumbnail(), icc_profile=bytes(9000)),
    "palette PNG": lambda: encoded(detailed(mode="P"), "PNG", transparency=3),
    "animated PNG": lambda: encoded(detailed(), "PNG", save_all=True, append_images=[noise(640, 480)]),
    "GIF": lambda: encoded(detailed(mode="P"), "GIF", comment=b"made by hand " * 500),
    "animated GIF": lambda: encoded(
        detailed(90, 60, "P"), "GIF", save_all=True, append_images=[noise(90, 60)]
    ),
    "WebP": lambda: encoded(detailed(), "WEBP", exif=exif_with_thumbnail(), icc_profile=bytes(4000)),
    "lossless WebP": lambda: encoded(detailed(mode="RGBA"), "WEBP", lossless=True),
    "animated WebP": lambda: encoded(detailed(), "WEBP", save_all=True, append_images=[noise(640, 480)]),
    "AVIF": lambda: encoded(detailed(mode="RGBA"), "AVIF", speed=10, exif=exif_with_thumbnail()),
    "animated AVIF": lambda: encoded(
        detailed(), "AVIF", speed=10, save_all=True, append_images=[noise(640, 480)]
    ),
    "striped TIFF": lambda: encoded(detailed(), "TIFF", compression="tiff_lzw"),
    "deflated TIFF": lambda: encoded(detailed(), "TIFF", compression="tiff_adobe_deflate"),
    "raw TIFF": lambda: encoded(detailed(4000, 3000), "TIFF"),
    "JPEG in TIFF": lambda: encoded(detailed(), "TIFF", compression="jpeg"),
    "BigTIFF": lambda: encoded(detailed(), "TIFF", big_tiff=True),
    "fax": lambda: encoded(detailed(1728, 2200).convert("1"), "TIFF", compression="group4"),
    "tiled TIFF": lambda: tiled_tiff(300, 200, 256),
    "a tile larger than the image": lambda: tiled_tiff(100, 90, 256),
    "BMP": lambda: encoded(detailed(), "BMP"),
    "BMP from the top": lambda: (
        encoded(detailed(), "BMP")[:22]
        + (-480).to_bytes(4, "little", signed=True)
        + encoded(detailed(), "BMP")[26:]
    ),
}


def noise(width: int = 1200, height: int = 1100) -> Image.Image:
    """Return what does not compress."""
    pixels = np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def tiled_tiff(width: int, height: int, tile: int) -> bytes:
    """Return a grey TIFF in raw tiles, which may hang over its edge."""
    count, size = -(-width // tile) * -(-height // tile), tile * tile
    entries = tiff_of(
        width,
        height,
        RAW,
        1,
        (322, LONG, [tile]),
        (323, LONG, [tile]),
        (324, LONG, [size * index for index in range(count)]),
        (325, LONG, [size] * count),
    )
    return tiff(entries, bytes(size) * count, (324,))


@pytest.mark.parametrize("name", EARNEST)
def test_what_ordinary_programs_write_is_decoded(name: str) -> None:
    """With all that cameras and editors put beside the pixels; the size that is read is the decoder's."""
    data = EARNEST[name]()
    decoded = decode(data, LIMIT, formats=ALLOWED_FORMATS)
    structure = check_structure(data, LIMIT, ALLOWED_FORMATS)
    assert (structure.width, structure.height) == (decoded.width, decoded.height)
