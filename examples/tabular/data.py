"""What an example learns from, and its subsets."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent
SEED = 20261121


@dataclass(frozen=True, eq=False)
class Data:
    """Rows (N, F) float32 and their targets (N,): float32 values, or int64 indices of classes."""

    rows: NDArray[np.float32]
    targets: NDArray[np.float32] | NDArray[np.int64]


class Subset(IntEnum):
    """Subsets of the data; no two of them share a row."""

    TRAIN = 0
    TEST = 1
    REFERENCE = 2
    TRAFFIC = 3


def draw(name: str, subset: Subset, count: int) -> Data:
    """Draw rows of an example's data: the same ones every time."""
    return draw_with(name, np.random.default_rng([SEED, subset]), count)


def draw_with(name: str, rng: np.random.Generator, count: int, drift: float = 0.0) -> Data:
    """Draw an example's rows as `rng` decides, as far from those of `draw` as the drift (0..1) says."""
    rows = import_module(f"examples.tabular.{name}.rows")
    drawn: Callable[[np.random.Generator, int, float], Data] = rows.draw
    return drawn(rng, count, drift)
