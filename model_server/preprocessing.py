"""An image to the network's input, as torchvision's Resize, CenterCrop, ToTensor and Normalize make it."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from model_server.decoding import Decoded, TooManyPixels, decode
from model_server.manifest import ImageInput

MAX_ASPECT = 32  # of a strip 1 pixel wide, resizing would make an image of billions
LEAST_REDUCED = 1.5  # a JPEG is reduced while it is decoded if its short side stays as many times the input's
REDUCTION_BLUR = {2: 0.046, 4: 0.059, 8: 0.078}  # measured: as a part of the Laplacian, in reduced pixels
BRIGHTNESS = (0.299, 0.587, 0.114)  # ITU-R BT.601, as JPEG has it; its colours are often halved already

Pixels = NDArray[np.float32]


def read_pixels(data: bytes, size: int, max_pixels: int) -> Pixels:
    """Decode an image, resize its short side to `size` and crop the centre: (size, size, 3), from 0 to 255.

    Raises:
        NotAnImage, TooManyPixels: see `decode`; also, one side is over MAX_ASPECT times the other.
    """
    return to_pixels(decode(data, max_pixels, LEAST_REDUCED * size), size)


def to_pixels(decoded: Decoded, size: int) -> Pixels:
    """Resize the short side to `size` and crop the centre: (size, size, 3), from 0 to 255."""
    short, long = sorted((decoded.width, decoded.height))
    if long > MAX_ASPECT * short:
        raise TooManyPixels(
            f"it is {decoded.width} x {decoded.height}, one side over {MAX_ASPECT} times the other"
        )
    longer = int(size * long / short)  # rounded down, as torchvision does
    width, height = (size, longer) if decoded.width <= decoded.height else (longer, size)
    left, top = round((width - size) / 2), round((height - size) / 2)
    crop = resize(decoded, width, height)[top : top + size, left : left + size].float()
    if decoded.reduction > 1:  # that blurs a little, and small networks notice
        crop = sharpen(crop, REDUCTION_BLUR[decoded.reduction] * (size / min(decoded.image.size)) ** 2)
    return crop.contiguous().numpy()


def resize(decoded: Decoded, width: int, height: int) -> torch.Tensor:
    """Resize to (height, width, 3), uint8; Pillow's bilinear filter, as torch computes it."""
    image = torch.from_numpy(np.array(decoded.image)).permute(2, 0, 1)[None]
    # A reduced side is rounded up to whole pixels, so its scale follows from the original's length.
    scales = [
        (height + 1e-6) * decoded.reduction / decoded.height,
        (width + 1e-6) * decoded.reduction / decoded.width,
    ]
    resized = F.interpolate(
        image, scale_factor=scales, mode="bilinear", antialias=True, recompute_scale_factor=False
    )
    return resized[0].permute(1, 2, 0)


def sharpen(pixels: torch.Tensor, amount: float) -> torch.Tensor:
    """Subtract `amount` of the brightness's Laplacian from an image (H, W, 3)."""
    brightness = F.pad((pixels @ torch.tensor(BRIGHTNESS))[None], (1, 1, 1, 1), mode="replicate")[0]
    neighbours = brightness[:-2, 1:-1] + brightness[2:, 1:-1] + brightness[1:-1, :-2] + brightness[1:-1, 2:]
    return pixels + amount * (4 * brightness[1:-1, 1:-1] - neighbours)[..., None]


def to_tensor(pixels: Pixels, spec: ImageInput) -> torch.Tensor:
    """Normalise a batch (B, S, S, 3) to (B, 3, S, S), which stays in the order of channels-last."""
    mean = torch.tensor(spec.mean)
    std = torch.tensor(spec.std)
    return torch.from_numpy(pixels).mul(1 / (255 * std)).sub_(mean / std).permute(0, 3, 1, 2)
