"""When a window is due: by its size, or after a wait, to the second."""

from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId

from drift_detector_server.windows import WindowRule
from mongodb.documents import StoredSample

WRITTEN_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
RULE = WindowRule(size=5, min_samples=3, max_wait=timedelta(seconds=30))


def waiting(count: int) -> list[StoredSample]:
    """Return samples that were all written at the same time."""
    return [StoredSample(str(ObjectId.from_datetime(WRITTEN_AT)), None) for _ in range(count)]


@pytest.mark.parametrize(
    ("count", "seconds", "is_due"),
    [(5, 0, True), (4, 29.9, False), (4, 30, True), (3, 30, True), (2, 1000, False), (0, 0, False)],
)
def test_a_window_is_full_or_has_waited(count: int, seconds: float, is_due: bool) -> None:
    """A full one is due at once, at least the fewest after the wait, and fewer never."""
    assert RULE.is_due(waiting(count), WRITTEN_AT + timedelta(seconds=seconds)) is is_due
