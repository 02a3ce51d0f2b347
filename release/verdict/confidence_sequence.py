"""Means, and bounds of them that hold at every look together."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Estimate:
    """A mean of `count` values, and bounds that hold at all looks with probability 1 - alpha each."""

    value: float
    standard_error: float
    count: int
    tightest_at: float

    def lower(self, alpha: float) -> float:
        """Return what the mean is above."""
        return self.value - self._radius(alpha)

    def upper(self, alpha: float) -> float:
        """Return what the mean is below."""
        return self.value + self._radius(alpha)

    def _radius(self, alpha: float) -> float:
        return self.standard_error * width(self.count, alpha, self.tightest_at)


@dataclass(frozen=True)
class Mean:
    """How many values between 0 and 1 a slot has, and their sum; ValueError where that cannot be."""

    count: int
    total: float

    def __post_init__(self) -> None:
        if not (0 <= self.count < math.inf and 0 <= self.total <= self.count * (1 + 1e-9)):
            raise ValueError(f"a sum of {self.total} over {self.count} values is none of values from 0 to 1")

    @property
    def value(self) -> float:
        """Return the mean; NaN without values."""
        return self.total / self.count if self.count else math.nan

    @property
    def variance(self) -> float:
        """Return the most that the variance can be: for yes and no itself (Bhatia & Davis, 2000).

        One value of each end is added, so that 200 equal values do not claim to be certain: Agresti & Coull
        (1998), "Approximate is better than exact".
        """
        mean = (self.total + 1) / (self.count + 2)
        return mean * (1 - mean)


@dataclass(frozen=True)
class Step:
    """Both slots' values of a time in which their shares of the traffic did not change."""

    candidate: Mean
    stable: Mean


def width(count: int, alpha: float, tightest_at: float) -> float:
    """Return how many standard errors a mean may ever lie below its estimate, with probability 1 - alpha.

    The one-sided asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024),
    "Time-uniform central limit theory and asymptotic confidence sequences", Annals of Statistics 52(6):
    √(2(t r + 1) / (t r) · ln(1 + √(t r + 1) / (2 alpha))) after t values, with their rho², here
    r = (-2 ln(2 alpha) + ln(1 - 2 ln(2 alpha))) / `tightest_at`, which makes it narrowest there.
    """
    double = -2 * math.log(2 * alpha)
    scaled = count * (double + math.log1p(double)) / tightest_at
    return math.sqrt(2 * (scaled + 1) / scaled * math.log1p(math.sqrt(scaled + 1) / (2 * alpha)))


def of_mean(values: Sequence[float], tightest_at: float) -> Estimate:
    """Return the mean of at least two values, in their order: each may depend on the one before.

    With a correlation c of neighbours above 0 the mean varies as that of (1 - c) / (1 + c) times as many
    independent values: Zwiers & von Storch (1995), "Taking serial correlation into account in tests of the
    mean", Journal of Climate 8(2).
    """
    mean = math.fsum(values) / len(values)
    offsets = [value - mean for value in values]
    squares = math.fsum(offset**2 for offset in offsets)
    neighbours = math.fsum(one * two for one, two in pairwise(offsets))
    correlation = max(0.0, neighbours / squares) if squares else 0.0
    variance = squares / (len(values) - 1) * (1 + correlation) / (1 - correlation)
    return Estimate(mean, math.sqrt(variance / len(values)), len(values), tightest_at)


def of_difference(steps: Iterable[Step], tightest_at: float) -> Estimate | None:
    """Return the candidate's mean less the stable slot's; None where no step has both.

    A step is compared with itself only, and weighs n₁n₀/(n₁+n₀). Over all steps in one pot, a day that gets
    worse while the candidate's share grows would be the candidate's fault: Simpson (1951), "The
    interpretation of interaction in contingency tables".
    """
    compared = [(step.candidate, step.stable) for step in steps if step.candidate.count and step.stable.count]
    if not compared:
        return None
    weights = [one.count * two.count / (one.count + two.count) for one, two in compared]
    total = math.fsum(weights)
    value, variance = 0.0, 0.0
    for (one, two), weight in zip(compared, weights, strict=True):
        value += weight / total * (one.value - two.value)
        variance += (weight / total) ** 2 * (one.variance / one.count + two.variance / two.count)
    count = sum(one.count + two.count for one, two in compared)
    return Estimate(value, math.sqrt(variance), count, tightest_at)
