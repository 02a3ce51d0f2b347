"""The input is what torchvision's transforms would make of the image."""

import numpy as np
import pytest
import torch
from PIL import Image

from model_server.decoding import Decoded, TooManyPixels
from model_server.manifest import ImageInput
from model_server.preprocessing import to_pixels, to_tensor
from model_server.torchvision_operators import declare_missing_operators

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


@pytest.mark.parametrize("size", [(1, 65000), (65000, 1), (10, 321)])
def test_a_strip_is_refused_before_it_is_resized(size: tuple[int, int]) -> None:
    """200 bytes of a one-pixel strip would else become an image of gigabytes."""
    with pytest.raises(TooManyPixels, match="32 times"):
        to_pixels(Decoded(Image.new("RGB", size), *size), 150)
