"""retraining/starting.py: a run by the clock, once where it was missed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from retraining.runs.folder import Runs
from retraining.runs.run import Outcome
from retraining.starting import Starting, is_due

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("days", "passed", "due"),
    [(2, 1.9, False), (2, 2, True), (2, 30, True), (0.5, 0.5, True), (0, 99, False)],
)
def test_a_run_is_due_so_many_days_after_the_last(days: float, passed: float, due: bool) -> None:
    """Over the end of a month too; 0 days are never."""
    assert is_due(NOON, days, NOON + passed * DAY) is due


def test_a_missed_run_begins_once(tmp_path: Path) -> None:
    """However many days nothing ran."""
    runs, now = Runs(tmp_path), NOON
    starting = Starting(runs, 2, lambda: now)
    assert starting.begin_by_the_clock() is None
    now = NOON + 9 * DAY
    run = starting.begin_by_the_clock()
    assert run is not None
    assert run.trigger == "schedule"
    assert starting.begin_by_the_clock() is None, "it is under way"
    runs.save(run.model_copy(update={"outcome": Outcome.PROMOTED, "told": True}))
    assert starting.begin_by_the_clock() is None, "it has just been"


def test_the_days_count_from_the_first_start_also_over_a_restart(tmp_path: Path) -> None:
    """A program that is restarted every day still begins its first run."""
    now = NOON
    assert Starting(Runs(tmp_path), 2, lambda: now).begin_by_the_clock() is None
    now = NOON + 2 * DAY
    assert Starting(Runs(tmp_path), 2, lambda: now).begin_by_the_clock() is not None
