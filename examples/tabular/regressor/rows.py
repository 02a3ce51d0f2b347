"""The regressor's data: two features and a line with some noise."""

import numpy as np

from examples.tabular.data import Data

NOISE = 0.05


def draw(random: np.random.Generator, count: int, drift: float = 0.0) -> Data:
    """Draw rows, both features evenly from 0 to 1, and y = 3 x1 - 2 x2 + 1 with noise.

    With drift, up to 1, the line turns to y = x1 + x2 + 1, and small values of x1 become rare.
    """
    rows = random.random((count, 2))
    rows[:, 0] **= 1 - drift / 2
    targets = (3 - 2 * drift) * rows[:, 0] - (2 - 3 * drift) * rows[:, 1] + 1 + random.normal(0, NOISE, count)
    return Data(rows.astype(np.float32), targets.astype(np.float32))
