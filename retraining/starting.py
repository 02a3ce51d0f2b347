"""What begins a run: somebody, the clock, or drift."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path

from retraining.runs.folder import AnotherRun, Runs
from retraining.runs.run import Run, Trigger
from service import durable
from service.slots import SLOTS

BEGAN = "began"


class Starting:
    """Begins runs; the clock's are `every_days` after the last one, and once where that was missed."""

    def __init__(
        self,
        runs: Runs,
        clock: Callable[[], datetime],
        *,
        every_days: float = 0,
        least_records: int = 1,
        rest_minutes: float = 0,
    ) -> None:
        self._runs = runs
        self._clock = clock
        self._every_days = every_days
        self._least_records = least_records
        self._rest = timedelta(minutes=rest_minutes)

    def begin(self, trigger: Trigger, who: str, why: str) -> Run:
        """Begin a run; AnotherRun where one is under way."""
        return self._runs.begin(trigger, who, why, self._clock())

    def begin_by_the_clock(self) -> Run | None:
        """Begin the run that is due, if one is."""
        newest = self._runs.newest()
        last = newest.begun_at if newest else self._first_start(self._runs.folder / BEGAN)
        if not is_due(last, self._every_days, self._clock()):
            return None
        try:
            return self.begin("schedule", "the clock", f"{self._every_days:g} days since the last run")
        except AnotherRun:
            return None

    def begin_by_drift(self, drifting: Collection[str], waiting_records: int) -> Run | None:
        """Begin a run where both slots drift, enough new records are here, and the last run is long over.

        One slot alone may have a fault of its own, which no training mends.
        """
        if not set(SLOTS) <= set(drifting) or waiting_records < self._least_records:
            return None
        newest = self._runs.newest()
        if newest and (newest.ended_at is None or self._clock() < newest.ended_at + self._rest):
            return None
        try:
            return self.begin("drift", "the alert DriftDetected", "both slots drift from their references")
        except AnotherRun:
            return None

    def _first_start(self, file: Path) -> datetime:
        if not file.exists():
            durable.make_folder(file.parent)
            durable.write(file, self._clock().isoformat().encode())
        return datetime.fromisoformat(file.read_text("ascii"))


def is_due(last: datetime, every_days: float, now: datetime) -> bool:
    """Tell whether a run is due; never where `every_days` is 0.

    The days count since the last run began: `*/2` of cron would run on the 31st and again on the 1st.
    """
    return every_days > 0 and now >= last + timedelta(days=every_days)
