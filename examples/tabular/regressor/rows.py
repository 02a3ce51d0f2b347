"""The regressor's data: two features and a line with some noise."""

import numpy as np

from examples.tabular.data import Data

NOISE = 0.05


def draw(random: np.random.Generator, count: int) -> Data:
    """Draw rows, both features evenly from 0 to 1, and y = 3 x1 - 2 x2 + 1 with noise."""
    rows = random.random((count, 2))
    targets = 3 * rows[:, 0] - 2 * rows[:, 1] + 1 + random.normal(0, NOISE, count)
    return Data(rows.astype(np.float32), targets.astype(np.float32))
