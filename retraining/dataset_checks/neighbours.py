"""The nearest neighbours of each of many points."""

import numpy as np
from numpy.typing import NDArray

from retraining.gate.evidence import Floats

ROWS_AT_ONCE = 512


def nearest(points: Floats, count: int) -> NDArray[np.intp]:
    """Return the `count` nearest other points (N, count) of each of N points (N, D), in no order.

    Each column counts by its own standard deviation, so that neither a feature's unit nor one large component
    decides alone. N must be above `count`.
    """
    deviation = points.std(axis=0, dtype=np.float64)
    scaled = (points - points.mean(axis=0, dtype=np.float64)) / np.where(deviation > 0, deviation, 1.0)
    squares = np.einsum("nd,nd->n", scaled, scaled)
    found = np.empty((len(scaled), count), np.intp)
    for start in range(0, len(scaled), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        distances = squares - 2 * scaled[rows] @ scaled.T  # but for the row's own square, the same for all
        own = np.arange(len(distances))
        distances[own, own + start] = np.inf
        found[rows] = np.argpartition(distances, count - 1, axis=1)[:, :count]
    return found
