"""An image's pixels are looked at where Pillow keeps them."""

import gc

import numpy as np
import psutil
import pytest
from PIL import Image

from inference.decoding import Decoded
from inference.preprocessing import resize
from inference.stored_pixels import stored_pixels


def resident_bytes() -> int:
    """Return the memory that this process has."""
    return int(psutil.Process().memory_info().rss)


def image_of(width: int, height: int) -> Image.Image:
    """Return an image in which no two pixels are alike."""
    values = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (640, 480), (1, 3000)])
def test_they_are_the_images(size: tuple[int, int]) -> None:
    """Each with a fourth value that means nothing."""
    image = image_of(*size)
    pixels = stored_pixels(image)
    assert pixels is not None
    assert pixels.shape == (size[1], size[0], 4)
    assert (pixels[..., :3] == np.array(image)).all()


def test_nothing_is_copied() -> None:
    """What is drawn afterwards shows."""
    image = image_of(64, 64)
    pixels = stored_pixels(image)
    assert pixels is not None
    image.putpixel((3, 5), (1, 2, 3))
    assert pixels[5, 3, :3].tolist() == [1, 2, 3]


def test_they_outlive_the_image() -> None:
    """Other images of its size do not get its memory while somebody looks."""
    image = image_of(300, 300)
    pixels = stored_pixels(image)
    assert pixels is not None
    expected = np.array(image)
    del image
    gc.collect()
    others = [Image.new("RGB", (300, 300), "white") for _ in range(50)]
    assert (pixels[..., :3] == expected).all()
    assert len(others) == 50


def test_their_memory_is_given_back() -> None:
    """Of a thousand images of 4 MB at most a few are held at a time."""
    before = resident_bytes()
    for _ in range(1000):
        assert stored_pixels(Image.new("RGB", (1000, 1000), "white")) is not None
    assert resident_bytes() - before < 100 * 2**20


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16", "1"])
def test_other_modes_have_none(mode: str) -> None:
    """They are converted, which copies them."""
    assert stored_pixels(Image.new(mode, (8, 8))) is None


def test_an_image_in_several_pieces_has_none() -> None:
    """Pillow keeps large ones so."""
    assert stored_pixels(Image.new("RGB", (5000, 5000))) is None


def test_a_transparent_colour_is_not_passed_over() -> None:
    """A PNG of this mode may name one."""
    image = Image.new("RGB", (8, 8))
    image.info["transparency"] = (0, 0, 0)
    assert stored_pixels(image) is None


@pytest.mark.parametrize("size", [(320, 320), (481, 640), (40, 30)])
def test_the_result_is_the_copys(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """To the bit."""
    decoded = Decoded(image_of(*size), *size)
    found = resize(decoded, 150, 150)
    monkeypatch.setattr("inference.preprocessing.stored_pixels", lambda _: None)
    assert found.shape == (150, 150, 3)
    assert (found == resize(decoded, 150, 150)).all()
