"""A histogram of values of any range."""

import random

import pytest

from job_server.value_histogram import MOST_BINS, ValueHistogram


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1000, 3), (1e-9, 3e-9), (-3e38, 3e38), (5, 5)])
def test_each_value_is_in_its_bin(low: float, high: float) -> None:
    """Few bins, none of them empty at an end, whatever order the values come in."""
    values = [low, high, *(random.Random(1).uniform(low, high) for _ in range(500))]
    histogram = ValueHistogram()
    for one in values:
        histogram.add(one)
    found = histogram.to_document()
    assert found is not None
    counts = found["counts"]
    assert 1 <= len(counts) <= MOST_BINS
    assert counts[0]
    assert counts[-1]
    for place, count in enumerate(counts):
        begin = found["low"] + place * found["width"]
        assert count == sum(begin <= one < begin + found["width"] for one in values)


def test_the_order_does_not_matter() -> None:
    """A value far off may come first or last."""
    values = [1.0, 2.0, 3.0, -4000.0]
    first, second = ValueHistogram(), ValueHistogram()
    for one, other in zip(values, reversed(values), strict=True):
        first.add(one)
        second.add(other)
    assert first.to_document() == second.to_document()


def test_without_values_there_is_none() -> None:
    """As of a classifier."""
    assert ValueHistogram().to_document() is None
