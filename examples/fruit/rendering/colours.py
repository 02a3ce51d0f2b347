"""Colours as people name them (sRGB, 0..255) turned into light (linear, 0..1).

Colours and pictures have their channels first, so that a colour (3, 1, 1) spreads over a picture (3, h, w).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.float32]

SHOULDER = np.float32(0.35)


def channels(red: float, green: float, blue: float) -> Colour:
    """Return three values as (3, 1, 1)."""
    return np.array([red, green, blue], np.float32).reshape(3, 1, 1)


def light_of(red: float, green: float, blue: float) -> Colour:
    """Return the linear light (3, 1, 1) of an sRGB colour, whose curve is taken for a square."""
    return channels(red / 255, green / 255, blue / 255) ** 2


def developed(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return linear light as sRGB values 0..1; what is too bright rolls off, as on film."""
    return np.sqrt(light / (1 + SHOULDER * light * light)).astype(np.float32, copy=False)


def pick(rng: np.random.Generator, palette: Sequence[tuple[int, int, int]], spread: float = 12.0) -> Colour:
    """Return one of the palette's colours, shifted a little so that no two pictures share it."""
    chosen = palette[int(rng.integers(len(palette)))]
    red, green, blue = (min(max(value + rng.normal(0, spread), 2.0), 253.0) for value in chosen)
    return light_of(red, green, blue)


def mix(first: Colour, second: Colour, share: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the colours (3, h, w) that go from `first` to `second` as `share` (h, w) goes from 0 to 1."""
    return first + share * (second - first)
