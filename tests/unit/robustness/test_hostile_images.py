"""The hostile images are what they are said to be."""

import io
import zlib

import pytest
from PIL import Image

from tests.hostile_images import IMAGES
from tests.hostile_images.filling import zeros
from tests.hostile_images.jpeg import jpeg_scans
from tests.hostile_images.tiff import tiff_tiled
from tests.robustness.hostile_requests import REQUESTS, hostile_request

LARGEST = 10 * 2**20  # the default MAX_BODY_BYTES
START_OF_SCAN = b"\xff\xda"


@pytest.mark.parametrize("name", IMAGES)
def test_images_are_let_in(name: str) -> None:
    """No limit of the body's size refuses them before they can do harm."""
    assert len(IMAGES[name]()) < LARGEST


@pytest.mark.parametrize("name", [name for name in REQUESTS if name != "json_hostile_image"])
def test_requests_are_let_in(name: str) -> None:
    """Neither does it refuse the requests."""
    assert len(hostile_request(name).partition(b"\r\n\r\n")[2]) <= LARGEST


@pytest.mark.parametrize("count", [0, 17, 2**20, 3 * 2**20 + 5])
def test_zeros_are_deflated_zeros(count: int) -> None:
    """A decoder finds its checksum right, and goes through all of them."""
    assert zlib.decompress(zeros(count)) == bytes(count)


def test_a_tile_may_be_larger_than_its_image() -> None:
    """The header tells of few pixels, and libtiff allocates what the tile says."""
    with Image.open(io.BytesIO(tiff_tiled(64, 64, (256, 256), 3))) as image:
        assert image.size == (64, 64)
        assert image.tile[0].extents == (0, 0, 64, 64)
        image.load()


def test_scans_are_repeated() -> None:
    """A progressive JPEG has as many scans as asked for, beside its own, and can be decoded."""
    few, many = jpeg_scans(64, 64, 0), jpeg_scans(64, 64, 50)
    assert many.count(START_OF_SCAN) == few.count(START_OF_SCAN) + 50
    with Image.open(io.BytesIO(many)) as image:
        image.load()
