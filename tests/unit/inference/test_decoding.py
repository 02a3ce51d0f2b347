"""Strangers' bytes become an upright RGB image, or a clear refusal."""

import io
import random
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from inference.decoding import FORMATS, NotAnImage, TooManyPixels, decode

LIMIT = 1_000_000
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image: Image.Image, format_name: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format_name, **options)
    return file.getvalue()


def left_red_right_blue() -> Image.Image:
    image = Image.new("RGB", (60, 40), BLUE)
    image.paste(RED, (0, 0, 30, 40))
    return image


def near(pixel: float | tuple[int, ...] | None, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) < 40 for a, b in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("format_name", [*FORMATS, "MPO"])
def test_every_listed_format_decodes(format_name: str) -> None:
    """What the refusal names as accepted is accepted."""
    image = decode(encoded(left_red_right_blue(), format_name), LIMIT).image
    assert image.mode == "RGB"
    assert near(image.getpixel((5, 20)), RED)
    assert near(image.getpixel((55, 20)), BLUE)


@pytest.mark.parametrize(
    ("orientation", "corner"), [(1, (5, 20)), (2, (55, 20)), (3, (55, 20)), (6, (20, 5)), (8, (20, 55))]
)
def test_exif_orientation_is_honoured(orientation: int, corner: tuple[int, int]) -> None:
    """A photo that a phone took sideways is read upright."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode(encoded(left_red_right_blue(), "JPEG", exif=exif, quality=95), LIMIT).image
    assert image.size == ((40, 60) if orientation in {6, 8} else (60, 40))
    assert near(image.getpixel(corner), RED)


def test_transparency_lies_on_white() -> None:
    """A cut-out fruit stands on white, whatever colour its invisible pixels have."""
    image = Image.new("RGBA", (20, 20), (*GREEN, 0))
    image.paste((*RED, 255), (0, 0, 10, 20))
    decoded = decode(encoded(image, "PNG"), LIMIT).image
    assert decoded.getpixel((5, 5)) == RED
    assert decoded.getpixel((15, 5)) == WHITE


def test_a_palette_with_a_transparent_colour_lies_on_white() -> None:
    """GIF and palette PNG have transparency too."""
    image = Image.new("P", (10, 10), 0)
    image.putpalette([*GREEN, *RED])
    image.paste(1, (0, 0, 5, 10))
    decoded = decode(encoded(image, "PNG", transparency=0), LIMIT).image
    assert decoded.getpixel((2, 2)) == RED
    assert decoded.getpixel((8, 8)) == WHITE


def test_cmyk_is_converted() -> None:
    """A JPEG from a print shop keeps its colours."""
    decoded = decode(encoded(left_red_right_blue().convert("CMYK"), "JPEG", quality=95), LIMIT).image
    assert near(decoded.getpixel((5, 20)), RED)


def test_sixteen_bits_are_scaled() -> None:
    """Half of the 16-bit range is mid grey, not white."""
    pixels = np.full((10, 10), 32768, dtype=np.uint16)
    decoded = decode(encoded(Image.fromarray(pixels), "PNG"), LIMIT).image
    assert decoded.getpixel((5, 5)) == (128, 128, 128)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "F", "I"])
def test_other_modes_become_rgb(mode: str) -> None:
    """No mode of Pillow's comes through unconverted."""
    format_name = "TIFF" if mode in {"F", "I"} else "PNG"
    assert decode(encoded(Image.new(mode, (9, 9)), format_name), LIMIT).image.mode == "RGB"


def test_an_animated_gif_is_its_first_frame() -> None:
    """An animation is answered, not refused."""
    frames = [Image.new("RGB", (10, 10), colour) for colour in (RED, BLUE)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert near(decode(data, LIMIT).image.getpixel((5, 5)), RED)


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    """A small file that unpacks to a huge image costs nothing."""
    bomb = encoded(Image.new("1", (5000, 5000)), "PNG")
    assert len(bomb) < 10_000
    with pytest.raises(TooManyPixels, match="5000 x 5000"):
        decode(bomb, LIMIT)


def broken_png() -> bytes:
    data = bytearray(encoded(left_red_right_blue(), "PNG"))
    data[60] ^= 0xFF
    return bytes(data)


@pytest.mark.parametrize(
    "make",
    [
        lambda: b"",
        lambda: b"hello, I am a text",
        lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        lambda: encoded(left_red_right_blue(), "JPEG")[:-200],
        lambda: encoded(left_red_right_blue(), "PNG")[:80],
        broken_png,
    ],
    ids=["empty", "text", "svg", "postscript", "truncated jpeg", "truncated png", "corrupt png"],
)
def test_what_is_no_image_is_refused(make: Callable[[], bytes]) -> None:
    """Truncated, corrupt, or not what it says: one kind of refusal."""
    with pytest.raises(NotAnImage):
        decode(make(), LIMIT)


def test_no_bytes_make_it_raise_anything_else() -> None:
    """Whatever decoders raise on hostile bytes is a refusal."""
    random_numbers = random.Random(7)
    for format_name in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"):
        data = encoded(left_red_right_blue(), format_name)
        for _ in range(60):
            hurt = bytearray(data)
            for _ in range(8):
                hurt[random_numbers.randrange(len(hurt))] = random_numbers.randrange(256)
            try:
                assert decode(bytes(hurt), LIMIT).image.mode == "RGB"
            except (NotAnImage, TooManyPixels):
                continue


@pytest.mark.parametrize(
    ("size", "shortest", "reduced"),
    [
        ((640, 480), 225, (320, 240)),
        ((640, 480), 241, (640, 480)),
        ((4000, 3000), 225, (500, 375)),
        ((641, 481), 225, (321, 241)),
        ((100, 90), 225, (100, 90)),
    ],
)
def test_a_jpeg_is_reduced_while_it_is_decoded(
    size: tuple[int, int], shortest: int, reduced: tuple[int, int]
) -> None:
    """No side gets shorter than asked for, and the original's size is known, also of one turned by EXIF."""
    picture = left_red_right_blue().resize(size)
    decoded = decode(encoded(picture, "JPEG"), 100_000_000, shortest)
    assert (decoded.image.size, (decoded.width, decoded.height)) == (reduced, size)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = decode(encoded(picture, "JPEG", exif=exif), 100_000_000, shortest)
    assert (turned.image.size, (turned.width, turned.height)) == (reduced[::-1], size[::-1])
    assert decode(encoded(picture, "PNG"), 100_000_000, shortest).reduction == 1


def test_exif_that_cannot_be_read_costs_no_image() -> None:
    """Only the orientation is read; whatever else a camera or an editor wrote there is its own matter."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(left_red_right_blue(), "JPEG", exif=exif)
    assert decode(data, LIMIT).image.size == (40, 60)
    for broken in (data.replace(b"Exif", b"Exjf", 1), data.replace(b"MM", b"ZZ", 1)):
        assert decode(broken, LIMIT).image.mode == "RGB"
