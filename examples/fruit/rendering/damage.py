"""Spoil a picture as cameras and networks do: blur, noise, darkness, a colour cast, JPEG damage."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

Damage = Callable[[Image.Image, np.random.Generator], Image.Image]


def blur(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return it out of focus."""
    return picture.filter(ImageFilter.GaussianBlur(rng.uniform(2.0, 5.0)))


def noise(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return it with a sensor's grain in bad light."""
    pixels = np.asarray(picture, np.float32)
    grain = rng.standard_normal(pixels.shape, dtype=np.float32) * np.float32(rng.uniform(22, 55))
    return Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8))


def darkness(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return it underexposed."""
    return picture.point(_curve(rng.uniform(0.2, 0.45)) * 3)


def colour_cast(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return it with a white balance gone wrong: one channel up, the others down."""
    gains = rng.uniform(0.35, 0.7, 3)
    gains[rng.integers(3)] = rng.uniform(1.1, 1.4)
    return picture.point([value for gain in gains for value in _curve(gain)])


def jpeg(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return it after a far too thrifty compression."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=int(rng.integers(3, 9)))
    return Image.open(buffer).convert("RGB")


DAMAGES: list[Damage] = [blur, noise, darkness, colour_cast, jpeg]


def damage(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return the picture spoilt in two or three ways at once."""
    count = int(rng.integers(2, 4))
    for one in sorted(rng.choice(len(DAMAGES), size=count, replace=False)):
        picture = DAMAGES[one](picture, rng)
    return picture


def _curve(gain: float) -> list[int]:
    return [min(int(value * gain), 255) for value in range(256)]
