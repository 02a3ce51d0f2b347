"""The input is what torchvision's transforms would make of the image."""

import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from inference.decoding import Decoded, decode
from inference.manifest import ImageInput
from inference.preprocessing import read_pixels, to_pixels, to_tensor
from inference.torchvision_operators import declare_missing_operators
from tests.image_files import encoded

IMAGENET = ImageInput(size=150, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


@pytest.mark.parametrize("size", [(640, 480), (481, 640), (150, 150), (151, 150), (90, 300), (1203, 799)])
def test_it_equals_torchvision(size: tuple[int, int]) -> None:
    """A model trained with torchvision's transforms sees the same image here, to one of 256 levels."""
    declare_missing_operators()
    from torchvision import transforms  # noqa: PLC0415 - only after the operators are declared

    pixels = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    expected = transforms.Compose(
        [
            transforms.Resize(150),
            transforms.CenterCrop(150),
            transforms.ToTensor(),
            transforms.Normalize(IMAGENET.mean, IMAGENET.std),
        ]
    )(image)
    found = to_tensor(to_pixels(Decoded(image, *image.size), 150)[None], IMAGENET)[0]
    one_level = 1 / 255 / min(IMAGENET.std)
    torch.testing.assert_close(found, expected, atol=1.01 * one_level, rtol=0)
    assert (found - expected).abs().mean() < 0.2 * one_level


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(640, 480), (481, 640), (151, 150), (90, 301), (1203, 800)])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_turned_as_if_before_it_was_resized(
    orientation: int, size: tuple[int, int], format_name: str
) -> None:
    """The same crop to the pixel, and to one of 256 levels the same colours, in each way a camera is held."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(detailed(size), format_name, exif=exif)
    with Image.open(io.BytesIO(data)) as image:
        upright = ImageOps.exif_transpose(image.convert("RGB"))
    found = to_pixels(decode(data, 10**8), 150)
    difference = np.abs(found - to_pixels(Decoded(upright, *upright.size), 150))
    assert difference.max() <= 1
    assert difference.mean() < 0.15  # a crop that is a pixel off: 12


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("orientation", [1, 6, 7])
def test_it_lies_on_white_as_if_before_it_was_resized(mode: str, orientation: int) -> None:
    """Transparent, half transparent, opaque: to two of 256 levels; invisible colours do not shine through."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = detailed((640, 480), "RGBA").convert(mode)
    upright = ImageOps.exif_transpose(with_orientation(image, exif)).convert("RGBA")
    flat = Image.new("RGB", upright.size, (255, 255, 255))
    flat.paste(upright, mask=upright.getchannel("A"))
    data = encoded(image, "PNG", exif=exif)
    difference = np.abs(read_pixels(data, 150, 10**8) - to_pixels(Decoded(flat, *flat.size), 150))
    assert difference.max() <= 2
    assert difference.mean() < 0.5


def with_orientation(image: Image.Image, exif: Image.Exif) -> Image.Image:
    with Image.open(io.BytesIO(encoded(image, "PNG", exif=exif))) as reread:
        reread.load()
    return reread


def detailed(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    """Return an image with detail; in RGBA a third of it is transparent, and a third half so."""
    random = np.random.default_rng(11)
    pixels = random.integers(0, 256, (24, 32, 4), dtype=np.uint8)
    pixels[..., 3] = np.array([0, 128, 255])[random.integers(0, 3, (24, 32))]
    return Image.fromarray(pixels).convert(mode).resize(size, Image.Resampling.BICUBIC)


def photo(width: int, height: int, subsampling: int) -> bytes:
    """Return a JPEG with detail of every size, as photos have it."""
    random = np.random.default_rng(7)
    pixels = np.zeros((height, width, 3))
    for side in (8, 16, 32, 64, 128):
        coarse = Image.fromarray(random.integers(0, 256, (side, side, 3), dtype=np.uint8))
        pixels += np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)) / side
    pixels = 255 * (pixels - pixels.min()) / np.ptp(pixels)
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "JPEG", quality=95, subsampling=subsampling)
    return file.getvalue()


@pytest.mark.parametrize("subsampling", [0, 2])
@pytest.mark.parametrize("size", [(640, 480), (641, 483), (1280, 960), (2400, 1801)])
def test_a_reduced_jpeg_is_as_sharp_and_in_its_place(size: tuple[int, int], subsampling: int) -> None:
    """Against the plain path: neither blurred nor sharpened nor shifted."""
    data = photo(*size, subsampling)
    plain = to_pixels(decode(data, 10**8), 150)
    difference = read_pixels(data, 150, 10**8) - plain
    assert np.abs(difference).max() > 0  # it was reduced
    around = np.roll(plain, 1, 0) + np.roll(plain, -1, 0) + np.roll(plain, 1, 1) + np.roll(plain, -1, 1)
    sharpness = (around - 4 * plain)[2:-2, 2:-2]
    to_the_side = [(np.roll(plain, -1, axis) - np.roll(plain, 1, axis))[2:-2, 2:-2] / 2 for axis in (0, 1)]
    for pattern, most in [(sharpness, 0.009), (to_the_side[0], 0.002), (to_the_side[1], 0.002)]:
        share = (difference[2:-2, 2:-2] * pattern).sum() / (pattern * pattern).sum()
        assert abs(share) < most
    assert np.abs(difference.mean(axis=(0, 1))).max() < 0.5
