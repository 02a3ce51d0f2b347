"""What counters have counted between two looks, with restarts of who counts them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Series:
    """One series of a metric; `labels` without the metric's name."""

    metric: str
    labels: Labels

    def label(self, name: str) -> str:
        """Return a label's value, or "" where there is none."""
        return dict(self.labels).get(name, "")


Counters = Mapping[Series, float]


def increase(before: Counters, after: Counters) -> Counters:
    """Return by how much each series grew.

    One that fell was begun anew: all that it shows is counted since. So is one that is new. Prometheus' own
    `increase()` extrapolates to the ends of its range, and misses the first value of a series.
    """
    return {series: value - _before(before.get(series, 0.0), value) for series, value in after.items()}


def _before(before: float, now: float) -> float:
    return before if before <= now else 0.0


def total(counters: Counters, metric: str, **labels: str) -> float:
    """Return the sum of a metric's series that have these labels."""
    return sum(value for _, value in matching(counters, metric, **labels))


def matching(counters: Counters, metric: str, **labels: str) -> Iterator[tuple[Series, float]]:
    """Return a metric's series that have these labels, with their values."""
    wanted = set(labels.items())
    return (
        (series, value)
        for series, value in counters.items()
        if series.metric == metric and wanted <= series.labels
    )
