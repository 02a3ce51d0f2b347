"""Whether a figure is reached follows from the data, and only from data that can tell."""

import pytest

from benchmark.cases import MAIN, OF_REGRESSOR, TEN_THOUSAND
from benchmark.figures import Figure, figures
from benchmark.measurement import Limit, Measurement, Samples, Start
from benchmark.results import Results
from tests.unit.benchmark.made_up import cell, made_up, replace


def figure(results: Results, words: str) -> Figure:
    (found,) = [one for one in figures(results) if words in one.goal]
    return found


def test_a_run_that_reaches_everything_says_so() -> None:
    """Each goal has the verdict yes."""
    assert [one.reached for one in figures(made_up())] == [True] * 11


@pytest.mark.parametrize(
    ("goal", "measurement"),
    [
        ("bare loop", cell("ours", MAIN, 459)),
        ("4.5 times", cell("lab", MAIN, 103)),
        ("2.3 times", cell("bentoml", MAIN, 201)),
        ("p99 no worse", cell("mlserver", MAIN, 180, p99=249)),
        ("1,000 requests from 100", cell("torchserve", OF_REGRESSOR[0], 3001)),
        ("regressor, 10,000", cell("ours-regressor", OF_REGRESSOR[1], 3000, failures=1)),
        ("p99 at most 3", cell("ours", TEN_THOUSAND, 450, p50=400, p99=1201)),
        ("p99 at most 3", cell("ours", TEN_THOUSAND, 450, p50=400, p99=800, failures=1)),
        ("nginx", cell("ours-nginx", MAIN, 390)),
        ("sampling at 1.0", cell("ours-unsampled", MAIN, 485)),
        ("memory", cell("ours", MAIN, 460, megabytes=451)),
    ],
)  # fmt: skip
def test_just_missed_is_missed(goal: str, measurement: Measurement) -> None:
    """A value on the wrong side of its bound is a no."""
    assert figure(replace(made_up(), measurement), goal).reached is False


def test_a_slow_start_is_missed() -> None:
    """The slowest of all starts counts."""
    results = made_up()
    results.starts.append(Start("ours", 6.1))
    assert figure(results, "ready").reached is False


def test_dropped_samples_are_no_sampling() -> None:
    """A server that keeps its pace by dropping samples does not reach the figure on sampling."""
    results = made_up()
    results.samples = [Samples("ours", 1, 900, 100)]
    assert figure(results, "sampling at 1.0").reached is False


def test_what_was_not_measured_has_no_verdict() -> None:
    """A missing peer is neither a yes nor a no."""
    results = made_up()
    results.measurements = [one for one in results.measurements if one.system != "bentoml"]
    assert figure(results, "2.3 times").reached is None
    assert figure(results, "4.5 times").reached is True


def test_a_disturbed_cell_gives_no_verdict() -> None:
    """Where others took a tenth of the cores, the rate tells nothing, and the page says why."""
    found = figure(replace(made_up(), cell("lab", MAIN, 50, others=0.1)), "4.5 times")
    assert found.reached is None
    assert "others took 10%" in found.found


def test_a_disturbed_limit_gives_no_verdict() -> None:
    """The bare loop may be the one that was slowed down."""
    results = made_up()
    results.limits = [Limit("fast", MAIN.payload, 8, 1, 470.0, 0.3)]
    assert figure(results, "bare loop").reached is None


def test_faster_than_the_limit_is_no_success() -> None:
    """A server above the bare loop means that the bare loop was measured wrongly."""
    results = made_up()
    results.limits = [Limit("fast", MAIN.payload, 8, 1, 158.0)]
    assert figure(results, "bare loop").reached is None


def test_only_undisturbed_rounds_count() -> None:
    """The median is that of the quiet rounds; failures of the others are still told."""
    results = made_up()
    results.measurements += [cell("ours", MAIN, 90, others=0.4, failures=2, number=2)]
    found = results.cell("ours", MAIN)
    assert found is not None
    assert (found.per_second, found.failures) == (460.0, 2)
