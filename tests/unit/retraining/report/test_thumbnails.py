"""retraining/report/thumbnails.py: strangers' images, small."""

import base64
import io

import pytest
from PIL import Image

from retraining.report.thumbnails import HELD_PIXELS, SIDE, thumbnail


def file(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    written = io.BytesIO()
    image.save(written, form, **options)
    return written.getvalue()


def opened(uri: str | None) -> Image.Image:
    assert uri is not None
    head, _, content = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(content)))


def test_a_large_image_becomes_small() -> None:
    """And keeps its shape."""
    assert opened(thumbnail(file(Image.new("RGB", (800, 400), "red"), "JPEG"))).size == (SIDE, SIDE // 2)


def test_a_photo_is_upright() -> None:
    """As its camera was held."""
    turned = Image.Exif()
    turned[0x0112] = 6
    image = Image.new("RGB", (400, 200), "blue")
    image.paste("red", (0, 0, 200, 200))  # stored left: upright at the top
    shown = opened(thumbnail(file(image, "JPEG", exif=turned)))
    assert shown.size == (SIDE // 2, SIDE)
    top, bottom = (shown.convert("RGB").getpixel((SIDE // 4, y)) for y in (10, SIDE - 10))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200
    assert bottom[0] < 50


def test_what_is_transparent_is_white() -> None:
    """As the model sees it."""
    pixel = opened(thumbnail(file(Image.new("RGBA", (50, 50), (255, 0, 0, 0))))).getpixel((5, 5))
    assert isinstance(pixel, tuple)
    assert min(pixel[:3]) > 250


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n" + bytes(100)])
def test_what_is_no_image_has_no_picture(content: bytes) -> None:
    """The report shows the rest."""
    assert thumbnail(content) is None


def test_an_image_that_takes_too_much_memory_is_left_out() -> None:
    """A picture is not worth a server."""
    side = int(HELD_PIXELS**0.5) + 1
    assert thumbnail(file(Image.new("L", (side, side)))) is None
