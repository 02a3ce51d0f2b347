"""The truth of our MMD test: its statistic, its p-values, its power."""

import itertools

import numpy as np
import pytest

from drift_detector_server.detectors.detector import Embeddings, most_reached, p_value
from drift_detector_server.detectors.mmd import BLOCK, Mmd, median_distance, squared_distances

WIDTH = 16


def normal(random: np.random.Generator, rows: int, shift: float = 0.0, width: int = WIDTH) -> Embeddings:
    """Draw embeddings."""
    return (random.normal(size=(rows, width)) + shift).astype(np.float32)


def mmd2_by_loops(x: Embeddings, y: Embeddings, gamma: float) -> float:
    """Compute equation 3 of Gretton et al. (2012) as it is written."""

    def kernel(a: Embeddings, b: Embeddings) -> float:
        return float(np.exp(-gamma * ((a.astype(np.float64) - b) ** 2).sum()))

    n, m = len(x), len(y)
    xx = sum(kernel(a, b) for a, b in itertools.permutations(x, 2)) / (n * (n - 1))
    yy = sum(kernel(a, b) for a, b in itertools.permutations(y, 2)) / (m * (m - 1))
    return xx + yy - 2 * sum(kernel(a, b) for a in x for b in y) / (n * m)


def test_the_distance_is_the_unbiased_mmd2() -> None:
    """The matrix form gives what the sums of the paper give."""
    random = np.random.default_rng(1)
    reference, batch = normal(random, 20), normal(random, 7, 0.5)
    distances = squared_distances(reference.astype(np.float64), reference.astype(np.float64))
    expected = mmd2_by_loops(reference, batch, 1 / median_distance(distances))
    assert Mmd(reference, 50).score(batch, 0.05).distance == pytest.approx(expected, abs=1e-12)


def test_the_bandwidth_is_the_median_of_distances_between_different_rows() -> None:
    """The zero distances of the rows to themselves do not pull the median down."""
    assert median_distance(np.array([[0.0, 1, 4], [1, 0, 9], [4, 9, 0]])) == 4


def test_false_alarms_are_as_many_as_the_threshold_says() -> None:
    """Of 200 windows without drift about 5 % are called drift, and their p-values are about uniform."""
    random = np.random.default_rng(2)
    p_values = []
    for _ in range(20):  # windows that share a reference are not independent of each other
        detector = Mmd(normal(random, 200), 199)
        p_values += [detector.score(normal(random, 50), 0.05).p_value for _ in range(10)]
    alarms = sum(p < 0.05 for p in p_values)
    assert 3 <= alarms <= 19  # 10 expected, three standard deviations
    ranks = (np.arange(200) + 0.5) / 200
    assert np.abs(np.sort(p_values) - ranks).max() < 0.115  # Kolmogorov-Smirnov at 1 %


@pytest.mark.parametrize("kind", ["shifted", "wider"])
def test_drift_is_seen(kind: str) -> None:
    """A small shift of the mean, and a spread of a quarter more, are called drift in all of ten windows."""
    random = np.random.default_rng(3)
    detector = Mmd(normal(random, 500), 300)
    windows = [normal(random, 100) for _ in range(10)]
    drifted = [
        window + np.float32(0.25) if kind == "shifted" else window * np.float32(1.25) for window in windows
    ]
    scores = [detector.score(window, 0.05) for window in drifted]
    assert all(score.drift and score.p_value < 0.02 for score in scores)


@pytest.mark.parametrize("permutations", [99, 500, BLOCK + 1])
@pytest.mark.parametrize("p_value_threshold", [0.02, 0.05, 0.3, 0.5])
def test_the_threshold_and_the_p_value_agree(permutations: int, p_value_threshold: float) -> None:
    """A distance above the threshold and a p-value below its own are one and the same thing."""
    random = np.random.default_rng(4)
    detector = Mmd(normal(random, 60), permutations)
    for shift in np.linspace(0, 0.5, 12):
        score = detector.score(normal(random, 20, shift), p_value_threshold)
        assert score.drift == (score.p_value < p_value_threshold)


@pytest.mark.parametrize("permutations", [99, BLOCK, BLOCK + 1, 2 * BLOCK])
def test_as_many_permutations_as_asked_are_made(permutations: int) -> None:
    """The reference itself is nearer to itself than any permutation of both: all reach the distance."""
    reference = normal(np.random.default_rng(8), 60)
    assert Mmd(reference, permutations).score(reference, 0.05).p_value == 1


def test_the_same_batch_gets_the_same_score() -> None:
    """Scoring is repeatable, in another process as well: the permutations depend on the batch alone."""
    random = np.random.default_rng(5)
    reference, batch = normal(random, 50), normal(random, 10)
    assert Mmd(reference, 100).score(batch, 0.05) == Mmd(reference, 100).score(batch, 0.05)


def test_p_values_are_never_zero() -> None:
    """A batch from another world gets the smallest p-value that the permutations can show."""
    random = np.random.default_rng(6)
    assert Mmd(normal(random, 50), 99).score(normal(random, 20, 50), 0.05).p_value == 0.01


def test_a_batch_of_two_and_one_larger_than_the_reference_are_scored() -> None:
    """Batches of any size from two up get a finite score."""
    random = np.random.default_rng(7)
    detector = Mmd(normal(random, 10), 40)
    for rows in (2, 30):
        score = detector.score(normal(random, rows), 0.05)
        assert np.isfinite([score.p_value, score.distance, score.threshold]).all()


def test_a_reference_of_equal_rows_is_refused() -> None:
    """A reference that has no spread gives no bandwidth, and says so."""
    with pytest.raises(ValueError, match="alike"):
        Mmd(np.ones((10, WIDTH), dtype=np.float32), 50)


def test_a_threshold_that_the_permutations_cannot_reach_is_refused() -> None:
    """Too few permutations for the threshold is an error, not a test that can never be met."""
    with pytest.raises(ValueError, match=r"p-value below 0\.01: use a threshold above 0\.01, or more PERM"):
        most_reached(0.01, 99)
    assert most_reached(0.0101, 99) == 0
    assert p_value(0, 99) < 0.0101
