"""What counters have counted between two looks, with restarts and gaps of who counts them."""

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

    Where one fell, its target was begun anew: all that each of that target's series shows is counted since.
    So is a series that is new. Prometheus' own `increase()` extrapolates to the ends of its range, and misses
    the first value of a series.
    """
    since = _of_those_that_went_on(before, after)
    return {series: value - since.get(series, 0.0) for series, value in after.items()}


def last_known(before: Counters, after: Counters) -> Counters:
    """Return what each series showed last: one that is absent now may come back, and has counted since."""
    return {**_of_those_that_went_on(before, after), **after}


def _of_those_that_went_on(before: Counters, after: Counters) -> Counters:
    fell = {_target(series) for series, value in after.items() if value < before.get(series, 0.0)}
    return {series: value for series, value in before.items() if _target(series) not in fell}


def _target(series: Series) -> tuple[str, str]:
    """Return whose series it is: one process counts all of a target's."""
    return series.label("job"), series.label("instance")


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
