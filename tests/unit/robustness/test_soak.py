"""The figures of a program that was watched for long."""

import pytest

from tests.robustness.resources import Held
from tests.robustness.soak import MEGABYTE, WARM_UP_SECONDS, program_figures, warm


def held(pid: int, megabytes: float, files: int = 10) -> Held:
    return Held(pid, int(megabytes * MEGABYTE), files)


def test_growth_is_told_in_megabytes_an_hour() -> None:
    """A megabyte every ten seconds, after the warm-up, is 360 an hour."""
    samples = [(10.0 * number, held(1, 100 + number)) for number in range(20)]
    assert program_figures(samples)["memory_slope_mb_per_hour"] == pytest.approx(360)


def test_what_a_process_takes_while_it_warms_up_is_no_growth() -> None:
    """Only what comes after counts, and that anew for each process."""
    life = [(0.0, held(1, 10)), (WARM_UP_SECONDS - 1, held(1, 300)), (WARM_UP_SECONDS, held(1, 301))]
    assert warm(life) == [(WARM_UP_SECONDS, 301)]


def test_a_new_process_is_a_restart() -> None:
    """Two of them, when the process was replaced twice; files are those of the first and the last sample."""
    samples = [(0.0, held(1, 1, 7)), (1.0, held(1, 1)), (2.0, held(2, 1)), (3.0, held(3, 1, 9))]
    figures = program_figures(samples)
    assert (figures["restarts"], figures["files_at_first"], figures["files_at_last"]) == (2, 7, 9)
