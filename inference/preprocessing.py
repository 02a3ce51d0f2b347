"""An image to the network's input, as torchvision's Resize, CenterCrop, ToTensor and Normalize make it."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from inference.decoding import Decoded, TooManyPixels, decode
from inference.manifest import ImageInput

MAX_ASPECT = 32  # of a strip 1 pixel wide, resizing would make an image of billions
LEAST_REDUCED = 1.5  # a JPEG is reduced while it is decoded if its short side stays as many times the input's
BRIGHTNESS = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in JPEG

# By how much reducing blurs brightness and colour, as a part of the Laplacian in reduced pixels; measured.
# JPEG mostly stores colours at half the size: reduced by 2 they are as stored, sharper than once enlarged.
REDUCTION_BLUR = {
    (2, False): (0.046, 0.051),
    (2, True): (0.046, -0.083),
    (4, False): (0.059, 0.063),
    (4, True): (0.059, 0.028),
    (8, False): (0.078, 0.104),
    (8, True): (0.078, 0.084),
}

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
    if decoded.reduction > 1:
        crop = undo_blur(crop, decoded, size)
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


def undo_blur(pixels: torch.Tensor, decoded: Decoded, size: int) -> torch.Tensor:
    """Sharpen an image (S, S, 3) by what reducing has blurred it: brightness and colour each by their own."""
    of_brightness, of_colour = REDUCTION_BLUR[decoded.reduction, decoded.has_halved_colours]
    scale = (size / min(decoded.image.size)) ** 2
    padded = F.pad(pixels.permute(2, 0, 1), (1, 1, 1, 1), mode="replicate").permute(1, 2, 0)
    neighbours = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    edges = neighbours.sub_(pixels, alpha=4)  # the Laplacian
    edges_of_brightness = edges @ torch.tensor(BRIGHTNESS)
    sharp = pixels.sub(edges, alpha=scale * of_colour)
    return sharp.sub_(edges_of_brightness[..., None], alpha=scale * (of_brightness - of_colour))


def to_tensor(pixels: Pixels, spec: ImageInput) -> torch.Tensor:
    """Normalise a batch (B, S, S, 3) to (B, 3, S, S), which stays in the order of channels-last."""
    mean = torch.tensor(spec.mean).repeat(spec.size)  # for a row: rows of 3 would be computed one by one
    std = torch.tensor(spec.std).repeat(spec.size)
    rows = torch.from_numpy(pixels).flatten(start_dim=2)
    return rows.mul(1 / (255 * std)).sub_(mean / std).view(pixels.shape).permute(0, 3, 1, 2)
