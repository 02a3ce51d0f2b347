"""An image to the network's input, as torchvision's Resize, CenterCrop, ToTensor and Normalize make it."""

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from inference.decoding import Decoded, Turn, decode, to_array
from inference.image_limits import DEFAULT_FORMATS
from inference.manifest import ImageInput
from inference.stored_pixels import stored_pixels

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


def read_pixels(
    data: bytes,
    size: int,
    max_pixels: int,
    formats: Sequence[str] = DEFAULT_FORMATS,
    held_pixels: float = math.inf,
) -> Pixels:
    """Decode an image, resize its short side to `size` and crop the centre: (size, size, 3), from 0 to 255.

    Raises:
        NotAnImage, TooManyPixels, HoldsTooMany: see `decode`.
    """
    return to_pixels(decode(data, max_pixels, LEAST_REDUCED * size, formats, held_pixels), size)


def to_pixels(decoded: Decoded, size: int) -> Pixels:
    """Resize the short side to `size`, crop the centre, turn it upright: (size, size, 3), from 0 to 255.

    Turned first, an image of megapixels would have to be copied.
    """
    short, long = sorted((decoded.width, decoded.height))
    longer = int(size * long / short)  # rounded down, as torchvision does
    width, height = (size, longer) if decoded.width <= decoded.height else (longer, size)
    left = centred(width, size, mirrored=decoded.turn.mirrors_x)
    top = centred(height, size, mirrored=decoded.turn.mirrors_y)
    crop = on_white(resize(decoded, width, height)[top : top + size, left : left + size].float())
    crop = turned(crop, decoded.turn)
    if decoded.reduction > 1:
        crop = undo_blur(crop, decoded, size)
    return crop.contiguous().numpy()


def centred(length: int, size: int, *, mirrored: bool) -> int:
    """Return where the centre begins; an odd pixel goes to the side where it is once the image is upright."""
    start = round((length - size) / 2)
    return length - size - start if mirrored else start


def turned(pixels: torch.Tensor, turn: Turn) -> torch.Tensor:
    """Turn an image (S, S, 3) upright."""
    mirrored = [axis for axis, mirrors in enumerate((turn.mirrors_y, turn.mirrors_x)) if mirrors]
    pixels = pixels.flip(mirrored) if mirrored else pixels
    return pixels.transpose(0, 1) if turn.swaps else pixels


def on_white(pixels: torch.Tensor) -> torch.Tensor:
    """Lay an image (S, S, 4), premultiplied, on white: the same as if it had been before it was resized."""
    if pixels.shape[2] == 3:
        return pixels
    return (pixels[..., :3] + (255 - pixels[..., 3:])).clamp_(max=255)


def resize(decoded: Decoded, width: int, height: int) -> torch.Tensor:
    """Resize to (height, width, 3 or 4), uint8; Pillow's bilinear filter, as torch computes it."""
    stored = stored_pixels(decoded.image)
    pixels = to_array(decoded.image) if stored is None else stored
    # A reduced side is rounded up to whole pixels, so its scale follows from the original's length.
    scales = [
        (height + 1e-6) * decoded.reduction / decoded.height,
        (width + 1e-6) * decoded.reduction / decoded.width,
    ]
    image = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    resized = F.interpolate(
        image, scale_factor=scales, mode="bilinear", antialias=True, recompute_scale_factor=False
    )
    return resized[0, : None if stored is None else 3].permute(1, 2, 0)


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
