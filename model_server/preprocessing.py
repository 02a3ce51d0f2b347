"""An RGB image to the network's input, as torchvision's Resize, CenterCrop, ToTensor and Normalize do it."""

import numpy as np
import torch
from PIL import Image

from model_server.decoding import TooManyPixels
from model_server.manifest import ImageInput

MAX_ASPECT = 32  # of a strip 1 pixel wide, resizing would make an image of billions


def to_tensor(image: Image.Image, spec: ImageInput) -> torch.Tensor:
    """Resize the short side, crop the centre, normalise: (3, size, size) float32.

    Raises:
        TooManyPixels: one side is over MAX_ASPECT times the other.
    """
    pixels = np.asarray(centre_crop(resize_short_side(image, spec.size), spec.size), dtype=np.float32)
    mean = np.asarray(spec.mean, dtype=np.float32)
    std = np.asarray(spec.std, dtype=np.float32)
    normalised = (pixels / np.float32(255) - mean) / std
    return torch.from_numpy(np.ascontiguousarray(normalised.transpose(2, 0, 1)))


def resize_short_side(image: Image.Image, size: int) -> Image.Image:
    """Resize so that the shorter side is `size`; the longer is rounded down, as torchvision does."""
    short, long = sorted(image.size)
    if long > MAX_ASPECT * short:
        raise TooManyPixels(
            f"it is {image.width} x {image.height}, one side over {MAX_ASPECT} times the other"
        )
    longer = int(size * long / short)
    return image.resize(
        (size, longer) if image.width <= image.height else (longer, size), Image.Resampling.BILINEAR
    )


def centre_crop(image: Image.Image, size: int) -> Image.Image:
    """Cut the central square out."""
    left = round((image.width - size) / 2)
    top = round((image.height - size) / 2)
    return image.crop((left, top, left + size, top + size))
