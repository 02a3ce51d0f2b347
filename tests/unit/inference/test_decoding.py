"""Strangers' bytes become an image, or a clear refusal."""

import random
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from inference.decoding import Decoded, Turn, decode, to_array
from inference.image_limits import ALLOWED_FORMATS, NotAnImage, TooManyPixels
from tests.image_files import encoded

LIMIT = 1_000_000
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def left_red_right_blue() -> Image.Image:
    image = Image.new("RGB", (60, 40), BLUE)
    image.paste(RED, (0, 0, 30, 40))
    return image


def stored(data: bytes) -> Decoded:
    return decode(data, LIMIT, formats=ALLOWED_FORMATS)


def pixel(data: bytes, at: tuple[int, int]) -> tuple[int, ...]:
    """Return red, green and blue, and alpha of a transparent image, at x and y as stored."""
    return tuple(to_array(stored(data).image)[at[1], at[0]].tolist())


def near(pixel: tuple[int, ...], colour: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 40 for a, b in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("format_name", [*ALLOWED_FORMATS, "MPO"])
def test_every_listed_format_decodes(format_name: str) -> None:
    """What the refusal names as accepted is accepted."""
    data = encoded(left_red_right_blue(), format_name)
    assert near(pixel(data, (5, 20)), RED)
    assert near(pixel(data, (55, 20)), BLUE)


@pytest.mark.parametrize("orientation", range(9))
def test_exif_orientation_is_read(orientation: int) -> None:
    """Of each format that has it; what no camera writes counts as upright."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    turns = {
        stored(encoded(left_red_right_blue(), name, exif=exif)).turn
        for name in ("JPEG", "PNG", "WEBP", "AVIF")
    }
    mirrors_x, mirrors_y = orientation in {2, 3, 7, 8}, orientation in {3, 4, 6, 7}
    assert turns == {Turn(mirrors_x, mirrors_y, orientation > 4)}


def test_transparency_is_premultiplied() -> None:
    """An invisible pixel has no colour, whatever the file says."""
    image = Image.new("RGBA", (20, 20), (*GREEN, 0))
    image.paste((*RED, 255), (0, 0, 10, 20))
    image.putpixel((0, 0), (200, 100, 0, 128))
    data = encoded(image, "PNG")
    assert pixel(data, (5, 5)) == (*RED, 255)
    assert pixel(data, (15, 5)) == (0, 0, 0, 0)
    assert pixel(data, (0, 0)) == (100, 50, 0, 128)


def test_a_palette_with_a_transparent_colour_is_transparent() -> None:
    """GIF and palette PNG have transparency too."""
    image = Image.new("P", (10, 10), 0)
    image.putpalette([*GREEN, *RED])
    image.paste(1, (0, 0, 5, 10))
    data = encoded(image, "PNG", transparency=0)
    assert pixel(data, (2, 2)) == (*RED, 255)
    assert pixel(data, (8, 8)) == (0, 0, 0, 0)


def test_cmyk_is_converted() -> None:
    """A JPEG from a print shop keeps its colours."""
    assert near(pixel(encoded(left_red_right_blue().convert("CMYK"), "JPEG", quality=95), (5, 20)), RED)


def test_sixteen_bits_are_scaled() -> None:
    """Half of the 16-bit range is mid grey, not white."""
    pixels = np.full((10, 10), 32768, dtype=np.uint16)
    assert pixel(encoded(Image.fromarray(pixels), "PNG"), (5, 5)) == (128, 128, 128)


MODES = ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"]


@pytest.mark.parametrize("mode", MODES)
def test_bands_are_the_same_as_the_whole(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mode of Pillow's becomes RGB or premultiplied RGBA, whether or not the image is large."""
    random = np.random.default_rng(5)
    rgba = Image.fromarray(random.integers(0, 256, (61, 47, 4), dtype=np.uint8))
    image = (
        rgba if mode == "RGBA" else rgba.convert("L").convert(mode) if mode[0] == "I" else rgba.convert(mode)
    )
    whole = to_array(image)
    assert whole.shape == (61, 47, 4 if image.has_transparency_data else 3)
    monkeypatch.setattr("inference.decoding.BAND_PIXELS", 500)
    np.testing.assert_array_equal(to_array(image), whole)


def test_an_animated_gif_is_its_first_frame() -> None:
    """An animation is answered, not refused."""
    frames = [Image.new("RGB", (10, 10), colour) for colour in (RED, BLUE)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert near(pixel(data, (5, 5)), RED)


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    """A small file that unpacks to a huge image costs nothing."""
    bomb = encoded(Image.new("1", (5000, 5000)), "PNG")
    assert len(bomb) < 10_000
    with pytest.raises(TooManyPixels, match="5000 x 5000"):
        decode(bomb, LIMIT)


@pytest.mark.parametrize("size", [(1, 65_000), (65_000, 1), (10, 321)])
def test_a_strip_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    """200 bytes of a one-pixel strip would, resized, become an image of gigabytes."""
    with pytest.raises(TooManyPixels, match="32 times"):
        decode(encoded(Image.new("RGB", size), "PNG"), LIMIT)
    assert decode(encoded(Image.new("RGB", (10, 320)), "PNG"), LIMIT).image.size == (10, 320)


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
    for format_name in ALLOWED_FORMATS:
        data = encoded(left_red_right_blue(), format_name)
        for _ in range(60):
            hurt = bytearray(data)
            for _ in range(8):
                hurt[random_numbers.randrange(len(hurt))] = random_numbers.randrange(256)
            try:
                assert to_array(stored(bytes(hurt)).image).shape[2] in {3, 4}
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
    """No side gets shorter than asked for, and the original's size is known."""
    picture = left_red_right_blue().resize(size)
    decoded = decode(encoded(picture, "JPEG"), 100_000_000, shortest)
    assert (decoded.image.size, (decoded.width, decoded.height)) == (reduced, size)
    assert decode(encoded(picture, "PNG"), 100_000_000, shortest).reduction == 1


def test_exif_that_cannot_be_read_costs_no_image() -> None:
    """Only the orientation is read; whatever else a camera or an editor wrote there is its own matter."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(left_red_right_blue(), "JPEG", exif=exif)
    assert decode(data, LIMIT).turn.swaps
    for broken in (data.replace(b"Exif", b"Exjf", 1), data.replace(b"MM", b"ZZ", 1)):
        assert not decode(broken, LIMIT).turn.swaps
