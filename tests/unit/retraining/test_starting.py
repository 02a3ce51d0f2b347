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
    starting = Starting(runs, lambda: now, every_days=2)
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
    assert Starting(Runs(tmp_path), lambda: now, every_days=2).begin_by_the_clock() is None
    now = NOON + 2 * DAY
    assert Starting(Runs(tmp_path), lambda: now, every_days=2).begin_by_the_clock() is not None


BOTH = {"model_server", "model_server_new"}


def ended(runs: Runs, at: datetime) -> None:
    run = runs.all()[0]
    runs.save(run.model_copy(update={"outcome": Outcome.PROMOTED, "ended_at": at, "told": True}))


def test_drift_on_both_slots_begins_a_run_once_enough_is_new(tmp_path: Path) -> None:
    """One slot alone may have a fault of its own; without records there is nothing to learn."""
    runs = Runs(tmp_path)
    starting = Starting(runs, lambda: NOON, least_records=200)
    assert starting.begin_by_drift({"model_server"}, 500) is None
    assert starting.begin_by_drift(BOTH, 199) is None
    run = starting.begin_by_drift(BOTH, 200)
    assert run is not None
    assert run.trigger == "drift"
    assert starting.begin_by_drift(BOTH, 500) is None, "it is under way"


def test_after_a_run_drift_begins_none_for_a_while(tmp_path: Path) -> None:
    """The alert goes on firing until windows of the new model are scored."""
    runs, now = Runs(tmp_path), NOON
    starting = Starting(runs, lambda: now, rest_minutes=30)
    assert starting.begin_by_drift(BOTH, 1) is not None
    ended(runs, NOON + timedelta(minutes=5))
    now = NOON + timedelta(minutes=34)
    assert starting.begin_by_drift(BOTH, 1) is None
    now = NOON + timedelta(minutes=35)
    assert starting.begin_by_drift(BOTH, 1) is not None
