"""Smooth random fields, the raw material of every texture."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.float32]

SHEET = 640


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> Field:
    """Return a field in 0..1 that varies over about `cells` bumps down and across."""
    coarse = Image.fromarray(rng.random((max(cells[0], 2), max(cells[1], 2)), dtype=np.float32))
    field = np.asarray(coarse.resize((shape[1], shape[0]), Image.Resampling.BICUBIC), np.float32)
    return field.clip(0, 1)


def clouds(rng: np.random.Generator, shape: tuple[int, int], cells: int, octaves: int = 3) -> Field:
    """Return a field in 0..1: octaves of noise, each twice as fine and half as strong."""
    field = np.zeros(shape, np.float32)
    for octave in range(octaves):
        count = cells * 2**octave
        field += smooth_noise(rng, shape, (count, count)) * np.float32(0.5**octave)
    return field * np.float32(1 / (2 - 0.5 ** (octaves - 1)))


def wrapped_noise(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> Field:
    """Return smooth noise whose right edge meets its left one: a skin to wrap around a fruit."""
    coarse = rng.random((max(cells[0], 2), max(cells[1], 4)), dtype=np.float32)
    tiled = Image.fromarray(np.concatenate([coarse, coarse, coarse], axis=1))
    field = np.asarray(tiled.resize((3 * shape[1], shape[0]), Image.Resampling.BICUBIC), np.float32)
    return field[:, shape[1] : 2 * shape[1]].clip(0, 1)


def grain(rng: np.random.Generator, shape: tuple[int, int]) -> Field:
    """Return a camera's noise (3, height, width), of unit strength: a random cut out of one large sheet."""
    top, left = rng.integers(SHEET - shape[0]), rng.integers(SHEET - shape[1])
    return sheet()[:, top : top + shape[0], left : left + shape[1]]


@cache
def sheet() -> Field:
    """Return the sheet of noise: to draw a new one for every picture would take a fifth of its time."""
    return np.random.default_rng(0).standard_normal((3, SHEET, SHEET), dtype=np.float32)
