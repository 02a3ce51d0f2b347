"""retraining/report/charts.py: numbers as places on a plane."""

import itertools

import numpy as np
import pytest

from retraining.report.charts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    MOST_POINTS,
    RIGHT,
    TOP,
    WIDTH,
    Chart,
    across,
    loss_curve,
    map_of_inputs,
    reliabilities,
    reliability_diagram,
    round_numbers,
    thinned,
    truth_chart,
    upwards,
)


def places(line: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (point.split(",") for point in line.split())]


def is_within(chart: Chart) -> bool:
    lines = itertools.chain.from_iterable(places(one.line) for one in chart.series)
    dots = [(dot.x, dot.y) for one in chart.series for dot in one.dots]
    return all(LEFT <= x <= WIDTH - RIGHT and TOP <= y <= HEIGHT - BOTTOM for x, y in (*lines, *dots))


def test_larger_is_further_right_and_higher() -> None:
    """SVG counts downwards."""
    x, y = across(0, 10), upwards(0, 10)
    assert (x(0), x(10)) == (LEFT, WIDTH - RIGHT)
    assert (y(0), y(10)) == (HEIGHT - BOTTOM, TOP)


def test_an_axis_without_width_has_a_place() -> None:
    """Where all values are the same."""
    assert across(3, 3)(3) == LEFT


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 1, [0, 0.5, 1]), (0, 0.45, [0, 0.2, 0.4]), (-6, 4, [-5, 0]), (2, 2, [2]), (0, float("nan"), [0])],
)
def test_an_axis_has_a_few_round_numbers(low: float, high: float, expected: list[float]) -> None:
    """None lies outside, and a range that is none has no more than its beginning."""
    assert round_numbers(low, high) == pytest.approx(expected)


def test_a_long_curve_is_thinned_to_means() -> None:
    """In equal stretches, each at its middle."""
    middles, means = thinned(np.arange(1.0, 9.0), 2)
    assert middles.tolist() == [2.5, 6.5]
    assert means.tolist() == [2.5, 6.5]


def test_the_curve_of_the_loss_is_bounded() -> None:
    """However many steps there were, and however wild they are; what is not finite is left out."""
    losses = np.random.default_rng(1).exponential(size=5000)
    losses[7] = np.nan
    chart = loss_curve(losses)
    assert chart is not None
    assert len(places(chart.series[0].line)) == MOST_POINTS
    assert len(places(chart.series[1].line)) < MOST_POINTS * 2
    assert is_within(chart)
    assert "4999 steps" in chart.says


@pytest.mark.parametrize("losses", [[], [0.5], [float("nan")] * 3])
def test_there_is_no_curve_of_nothing(losses: list[float]) -> None:
    """A line needs two points."""
    assert loss_curve(np.asarray(losses)) is None


def test_answers_are_put_together_by_confidence() -> None:
    """A full confidence belongs to the last range; very few answers say nothing."""
    confidence = np.asarray([1.0] * 5 + [0.72] * 6 + [0.31] * 4)
    right = np.asarray([True] * 5 + [True, False] * 3 + [True] * 4)
    found = reliabilities(confidence, right)
    assert [(one.count, round(one.confidence, 6), one.right) for one in found] == [
        (6, 0.72, 0.5),
        (5, 1.0, 1.0),
    ]


def test_a_perfectly_calibrated_model_is_on_the_diagonal() -> None:
    """Its dots lie where both axes are equal."""
    confidence = np.repeat([0.55, 0.95], 100)
    right = np.concatenate([np.arange(100) < 55, np.arange(100) < 95])
    chart = reliability_diagram("golden", [("candidate", confidence, right)])
    assert chart is not None
    x, y = across(0, 1), upwards(0, 1)
    assert [(dot.x, dot.y) for dot in chart.series[0].dots] == [(x(0.55), y(0.55)), (x(0.95), y(0.95))]


def test_a_set_without_answers_has_no_diagram() -> None:
    """Nor has one of values."""
    empty = np.zeros(0)
    assert reliability_diagram("golden", [("candidate", empty, empty.astype(bool))]) is None
    assert truth_chart("golden", empty, [("candidate", empty)]) is None


def test_of_very_many_values_some_are_drawn() -> None:
    """And it is said of how many."""
    targets = np.linspace(-5, 5, 4000)
    chart = truth_chart("golden", targets, [("production", targets), ("candidate", targets + 1)])
    assert chart is not None
    assert [len(one.dots) for one in chart.series] == [MOST_POINTS] * 2
    assert is_within(chart)
    assert f"{MOST_POINTS} of 4000" in chart.says


def test_what_has_moved_lies_apart() -> None:
    """New records that are far from those before are far from them in the picture; all stay inside."""
    random = np.random.default_rng(1)
    old, new = random.normal(size=(500, 8)), random.normal(size=(400, 8)) + 8
    chart = map_of_inputs(new.astype(np.float32), old.astype(np.float32))
    assert chart is not None
    before, now = ([dot.x for dot in one.dots] for one in chart.series)
    assert max(before) < min(now) or max(now) < min(before)
    assert is_within(chart)


def test_there_is_no_map_of_what_cannot_be_compared() -> None:
    """As after a change of the network, or of a single feature."""
    old = np.zeros((9, 4), np.float32)
    assert map_of_inputs(np.zeros((9, 5), np.float32), old) is None
    assert map_of_inputs(np.zeros((2, 4), np.float32), old) is None
    assert map_of_inputs(np.zeros((9, 1), np.float32), np.zeros((9, 1), np.float32)) is None


def test_records_that_are_all_alike_have_a_map() -> None:
    """No division by a deviation of zero."""
    assert map_of_inputs(np.ones((9, 4), np.float32), np.ones((9, 4), np.float32)) is not None
