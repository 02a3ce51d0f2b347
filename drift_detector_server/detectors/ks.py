"""Feature by feature: two-sample Kolmogorov-Smirnov tests, with the false discovery rate under control.

This file alone imports scipy, when a reference names its features.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kstwo  # type: ignore[import-untyped]

from drift_detector_server.detectors.detector import Embeddings, FeatureScore, Score

Numbers = NDArray[np.float64]
Column = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Discoveries:
    """What Benjamini-Hochberg and Simes say of several p-values at once."""

    p_value: float  # Simes': that of all hypotheses together
    rejected: NDArray[np.bool_]  # (F,)
    cut_off: float  # a hypothesis is rejected where its p-value is below


class Ks:
    """A test per feature on its distribution; a batch drifts when at least one feature does.

    Correlations between features, which each feature's distribution does not show, are not seen.
    """

    name = "ks"

    def __init__(self, reference: Embeddings, features: Sequence[str]) -> None:
        self._features = tuple(features)
        self._columns = [np.sort(column) for column in reference.T]
        self._rows = len(reference)

    def score(self, batch: Embeddings, p_value_threshold: float) -> Score:
        """Test the batch (n, F), n >= 2; `p_value_threshold` is the false discovery rate to keep below."""
        rows = round(self._rows * len(batch) / (self._rows + len(batch)))
        pairs = zip(self._columns, batch.T, strict=True)
        distances = np.array([distance(column, np.sort(values)) for column, values in pairs])
        # The asymptotic form of scipy.stats.ks_2samp(method="asymp"): the exact distribution for one sample
        # of n m / (n + m) rows (Simard & L'Ecuyer, 2011, "Computing the two-sided Kolmogorov-Smirnov
        # distribution").
        p_values = kstwo.sf(distances, rows)
        found = discoveries(p_values, p_value_threshold)
        threshold = between(critical_distance(found.cut_off, rows), distances, found.rejected)
        one_by_one = zip(self._features, p_values, distances, found.rejected, strict=True)
        features = tuple(FeatureScore(name, float(p), float(d), bool(r)) for name, p, d, r in one_by_one)
        return Score(found.p_value, float(distances.max()), threshold, features)


@lru_cache(maxsize=1024)  # found by iteration; window after window asks for the same few
def critical_distance(p_value: float, rows: int) -> float:
    """Return the distance that one sample of this many rows exceeds with this probability."""
    return float(kstwo.isf(p_value, rows))


def distance(reference: Column, batch: Column) -> float:
    """Return the largest gap between the two empirical distribution functions; both columns are sorted.

    The gap is largest at a value of the batch or just below one: in between only the reference's function
    rises. Whole numbers until the one division make equal gaps equal floats.
    """
    n, m = len(reference), len(batch)
    gaps = [
        np.abs(np.searchsorted(reference, batch, side) * m - np.searchsorted(batch, batch, side) * n).max()
        for side in ("left", "right")
    ]
    return float(max(gaps) / (n * m))


def discoveries(p_values: Numbers, rate: float) -> Discoveries:
    """Reject hypotheses (F,) so that of the rejected ones at most the share `rate` is expected to be true.

    Benjamini & Hochberg (1995), "Controlling the false discovery rate"; Simes (1986), "An improved
    Bonferroni procedure for multiple tests of significance". Both hold for independent features and for
    positively dependent ones (Benjamini & Yekutieli, 2001).
    """
    order = np.argsort(p_values)
    ranks = np.arange(1, len(p_values) + 1)
    adjusted = p_values[order] * len(p_values) / ranks
    rejecting = ranks[adjusted < rate].max(initial=0)
    rejected = np.zeros(len(p_values), dtype=bool)
    rejected[order[:rejecting]] = True
    return Discoveries(float(adjusted.min()), rejected, rate * max(1, int(rejecting)) / len(p_values))


def between(threshold: float, distances: Numbers, rejected: NDArray[np.bool_]) -> float:
    """Hold the threshold, which is found by iteration, between the kept and the rejected distances."""
    threshold = max(threshold, float(distances[~rejected].max(initial=0)))
    smallest = float(distances[rejected].min(initial=np.inf))
    return threshold if threshold < smallest else float(np.nextafter(smallest, 0))
