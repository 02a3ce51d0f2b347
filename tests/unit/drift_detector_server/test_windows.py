"""When a window is due: by its size, or after a wait, to the second."""

from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId

from drift_detector_server.windows import WindowRule
from mongodb.documents import StoredSample

WRITTEN_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
RULE = WindowRule(size=5, min_samples=3, max_wait=timedelta(seconds=30))


def waiting(count: int) -> list[StoredSample]:
    """Return samples that were written one a minute, from WRITTEN_AT on."""
    minutes = [WRITTEN_AT + timedelta(minutes=number) for number in range(count)]
    return [StoredSample(str(ObjectId.from_datetime(minute)), None) for minute in minutes]


@pytest.mark.parametrize(
    ("count", "seconds", "is_due"),
    [(5, 0, True), (4, 29.9, False), (4, 30, True), (3, 30, True), (2, 1000, False), (0, 0, False)],
)
def test_a_window_is_full_or_has_waited(count: int, seconds: float, is_due: bool) -> None:
    """A full one is due at once, one of the fewest when its oldest has waited, and a smaller one never."""
    assert RULE.is_due(waiting(count), WRITTEN_AT + timedelta(seconds=seconds)) is is_due
