"""The nearest neighbours of points."""

import numpy as np

from retraining.dataset_checks import neighbours
from retraining.dataset_checks.neighbours import nearest


def test_neighbours_are_the_nearest_others_by_each_columns_own_scale() -> None:
    """As a plain search finds them, also beyond the rows that are looked at together."""
    generator = np.random.default_rng(1)
    points = generator.normal(size=(neighbours.ROWS_AT_ONCE + 90, 4)) * [1, 1000, 0.01, 0] + [0, 0, 1e3, 7]
    found = nearest(points, 5)
    scaled = (points - points.mean(axis=0)) / np.where(points.std(axis=0) > 0, points.std(axis=0), 1)
    for row in (0, 1, neighbours.ROWS_AT_ONCE - 1, neighbours.ROWS_AT_ONCE, len(points) - 1):
        distances = np.linalg.norm(scaled - scaled[row], axis=1)
        distances[row] = np.inf
        assert set(found[row]) == set(np.argsort(distances)[:5])


def test_a_copy_is_a_neighbour_and_a_point_not_its_own() -> None:
    """At distance 0 both."""
    points = np.array([[0.0, 0.0], [0.0, 0.0], [9.0, 9.0], [9.0, 9.1]])
    assert nearest(points, 1).ravel().tolist() == [1, 0, 3, 2]
