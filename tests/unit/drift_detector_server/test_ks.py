"""The truth of the test per feature: its p-values, its threshold, its false alarms, its power."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ks_2samp  # type: ignore[import-untyped]

from drift_detector_server.detectors.detector import Embeddings
from drift_detector_server.detectors.ks import Ks, between, discoveries, distance

NAMES = tuple(f"x{number}" for number in range(8))
RATE = 0.05


def normal(random: np.random.Generator, rows: int, shift: float = 0.0, features: int = 8) -> Embeddings:
    """Draw rows; the shift moves feature 3 only."""
    values = random.normal(size=(rows, features))
    values[:, min(3, features - 1)] += shift
    return values.astype(np.float32)


def kinds_of_rows(random: np.random.Generator, rows: int) -> Embeddings:
    """Draw features of many kinds: smooth, with ties, of two values, constant."""
    smooth, ties = random.normal(size=(rows, 3)), random.poisson(2, size=(rows, 2))
    two, one = random.integers(0, 2, size=(rows, 2)), np.ones((rows, 1))
    return np.hstack([smooth, ties, two, one]).astype(np.float32)


@pytest.mark.parametrize(("n", "m"), [(500, 100), (100, 30), (40, 200), (7, 3), (2, 2)])
@pytest.mark.parametrize("shift", [0.0, 0.2, 3.0])
def test_each_feature_gets_scipys_distance_and_p_value(n: int, m: int, shift: float) -> None:
    """Features with and without ties get the numbers of scipy's ks_2samp in its asymptotic form."""
    random = np.random.default_rng(n + m)
    reference, batch = kinds_of_rows(random, n), kinds_of_rows(random, m) + np.float32(shift)
    score = Ks(reference, NAMES).score(batch, RATE)
    for feature, x, y in zip(score.features, reference.T, batch.T, strict=True):
        theirs = ks_2samp(x, y, method="asymp")
        assert feature.distance == pytest.approx(theirs.statistic, abs=1e-12)
        assert feature.p_value == pytest.approx(theirs.pvalue, rel=1e-9, abs=1e-12)


def test_the_windows_distance_is_the_largest_of_its_features() -> None:
    """The feature that is farthest from the reference speaks for the window."""
    random = np.random.default_rng(1)
    score = Ks(normal(random, 200), NAMES).score(normal(random, 50, 1), RATE)
    assert score.distance == max(feature.distance for feature in score.features)
    assert score.distance == score.features[3].distance


def benjamini_hochberg_as_written(p_values: list[float], rate: float) -> set[int]:
    """Reject the k smallest for the largest k whose p-value is below k / m of the rate."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    passing = [k for k, i in enumerate(order, 1) if p_values[i] < k * rate / len(p_values)]
    return set(order[: max(passing, default=0)])


def test_discoveries_are_those_of_the_papers() -> None:
    """What is rejected, and the p-value of all together, is what Benjamini-Hochberg and Simes write."""
    random = np.random.default_rng(2)
    for _ in range(300):
        p_values = random.random(random.integers(1, 12)) ** 3
        found = discoveries(p_values, RATE)
        assert set(np.flatnonzero(found.rejected)) == benjamini_hochberg_as_written(list(p_values), RATE)
        assert set(np.flatnonzero(p_values < found.cut_off)) == set(np.flatnonzero(found.rejected))
        ordered = sorted(p_values)
        assert found.p_value == pytest.approx(
            min(len(p_values) * p / k for k, p in enumerate(ordered, 1)), rel=1e-12
        )


def test_a_later_rank_can_carry_the_ones_before_it() -> None:
    """A p-value that would not do alone is rejected with a larger one that does at its rank."""
    assert discoveries(np.array([0.04, 0.03, 0.9]), 0.07).rejected.tolist() == [True, True, False]


@pytest.mark.parametrize("rate", [0.001, 0.05, 0.3, 0.9])
def test_threshold_p_value_and_features_agree(rate: float) -> None:
    """Drift, a p-value below the rate, a feature that drifts and a distance above the threshold are one."""
    random = np.random.default_rng(3)
    seen = set()
    for number in range(150):
        n, m, width = (int(random.integers(low, high)) for low, high in ((2, 300), (2, 200), (1, 9)))
        detector = Ks(normal(random, n, features=width), NAMES[:width])
        score = detector.score(normal(random, m, random.choice([0, 0.3, 2]), width), rate)
        assert score.drift == (score.p_value < rate) == any(one.drift for one in score.features), number
        for feature in score.features:
            assert feature.drift == (feature.distance > score.threshold), number
        seen.add(score.drift)
    assert seen == {True, False}


def test_a_threshold_that_rounding_moved_is_put_right() -> None:
    """A threshold on the wrong side of a distance moves to the right one, by as little as can be."""
    distances, rejected = np.array([0.2, 0.4]), np.array([False, True])
    assert between(0.3, distances, rejected) == 0.3
    assert between(0.1, distances, rejected) == 0.2
    assert 0.2 < between(0.4, distances, rejected) < 0.4
    assert between(0.3, distances, np.array([False, False])) == 0.4


def alarms(random: np.random.Generator, windows: int, mixing: NDArray[np.floating]) -> int:
    """Count the drifted ones of clean windows, with a reference of its own for every tenth."""
    drifted = 0
    for _ in range(windows // 10):
        detector = Ks((normal(random, 500) @ mixing).astype(np.float32), NAMES)
        for _ in range(10):
            drifted += detector.score((normal(random, 100) @ mixing).astype(np.float32), RATE).drift
    return drifted


@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_false_alarms_are_no_more_than_the_threshold_says(correlation: float) -> None:
    """Of 200 windows without drift at most about 5 % are called drift, but not none; correlated or not."""
    covariance = np.full((8, 8), correlation) + (1 - correlation) * np.eye(8)
    count = alarms(np.random.default_rng(4), 200, np.linalg.cholesky(covariance).T)
    assert 1 <= count <= 19  # 10 expected at most, three standard deviations


def test_a_shift_of_one_feature_is_found_and_named() -> None:
    """In each of 100 windows a shift by one standard deviation is found, and few others are named with it."""
    random = np.random.default_rng(5)
    named = []
    for _ in range(10):
        detector = Ks(normal(random, 500), NAMES)
        for _ in range(10):
            score = detector.score(normal(random, 100, 1.0), RATE)
            named.append({feature.name for feature in score.features if feature.drift})
    assert all("x3" in names for names in named)
    assert sum(names == {"x3"} for names in named) >= 85
    false_discoveries = [len(names - {"x3"}) / len(names) for names in named]
    assert np.mean(false_discoveries) <= RATE  # the rate that is promised, 7/8 of it here


def test_a_wider_spread_is_found() -> None:
    """A feature whose mean stays but whose spread doubles has drifted."""
    random = np.random.default_rng(6)
    batch = normal(random, 100)
    batch[:, 5] *= 2
    score = Ks(normal(random, 500), NAMES).score(batch, RATE)
    assert [feature.name for feature in score.features if feature.drift] == ["x5"]


def test_a_batch_from_elsewhere_is_at_distance_one() -> None:
    """Where no value overlaps, the distance is 1, the p-value next to nothing, and all is finite."""
    random = np.random.default_rng(7)
    score = Ks(normal(random, 50), NAMES).score(normal(random, 20) + np.float32(50), RATE)
    assert (score.distance, score.drift) == (1.0, True)
    assert 0 <= score.p_value < 1e-9
    assert 0 < score.threshold < 1


def test_columns_of_one_value_do_not_drift_until_they_change() -> None:
    """A constant feature is at distance 0 from itself, with p-value 1."""
    column = np.ones(40, dtype=np.float32)
    assert distance(column, column[:10]) == 0
    score = Ks(column[:, None], ["always"]).score(column[:10, None], RATE)
    assert (score.p_value, score.drift) == (1.0, False)
    assert Ks(column[:, None], ["always"]).score(column[:10, None] + 1, RATE).drift


def test_the_same_batch_gets_the_same_score() -> None:
    """Nothing is drawn: a repeat says the same."""
    random = np.random.default_rng(8)
    reference, batch = normal(random, 50), normal(random, 30)
    assert Ks(reference, NAMES).score(batch, RATE) == Ks(reference, NAMES).score(batch, RATE)
