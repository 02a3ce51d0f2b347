"""Counts, quantiles, slopes, and the table that shows them."""

import math

import pytest

from tests.robustness.figures import Outcomes, counted, quantile, slope_per_hour, table


def test_all_but_200_is_lost() -> None:
    """A refusal, a failure and a timeout alike."""
    outcomes = Outcomes()
    for outcome in ("200", "200", "503", "TimeoutError"):
        outcomes.add(outcome, 0.1)
    assert (outcomes.total, outcomes.lost) == (4, 2)
    assert outcomes.as_json()["outcomes"] == {"200": 2, "503": 1, "TimeoutError": 1}


def test_quantiles_are_values_that_were_measured() -> None:
    """The median of a hundred, the slowest of them, and nothing of nothing."""
    values = [float(number) for number in range(100)]
    assert quantile(values, 0.5) == 50
    assert quantile(values, 1.0) == 99
    assert math.isnan(quantile([], 0.5))


def test_the_slope_is_that_of_the_line_through_the_samples() -> None:
    """Two units in half an hour are four in an hour, whatever lies beside the line."""
    assert slope_per_hour([[(0, 1.0), (900, 2.0), (1800, 3.0)]]) == pytest.approx(4)
    assert slope_per_hour([[(0, 5.0), (10, 6.0), (20, 5.0)]]) == pytest.approx(0)


def test_a_fresh_process_hides_no_growth() -> None:
    """Two lives that grow alike have that slope, though the second began with less."""
    lives = [[(0, 10.0), (1800, 12.0)], [(1900, 1.0), (3700, 3.0)]]
    assert slope_per_hour(lives) == pytest.approx(4)


def test_one_sample_has_no_slope() -> None:
    """Nor have samples of one instant."""
    assert slope_per_hour([]) == 0
    assert slope_per_hour([[], [(1, 2.0)], [(2, 2.0), (2, 3.0)]]) == 0


def test_counts_are_read_from_the_most_frequent() -> None:
    """What happened most stands first, and names decide where the counts are alike."""
    assert counted({"503": 2, "200": 9, "400": 2}) == "200:9 400:2 503:2"


def test_a_table_is_aligned() -> None:
    """Words to the left and numbers to the right, without decimals."""
    assert table(("kind", "lost", "why"), [("a", 10, "x"), ("longer", 2.6, "")]).splitlines() == [
        "kind    lost  why",
        "a         10  x",
        "longer     3",
    ]
