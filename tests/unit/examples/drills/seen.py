"""Releases as a drill sees them, made up."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from examples.drills.outcome import Decision, Gate, Seen

STARTED = datetime(2026, 11, 29, 12, tzinfo=UTC)


def release(
    phase: str = "running",
    *,
    held_by: str = "",
    gates: Mapping[str, str] | None = None,
    seconds: float = 30,
) -> Seen:
    """Return a release, decided about so many seconds after its start; `gates` has verdicts by name."""
    said = [Gate(name, verdict, f"{name} says {verdict}") for name, verdict in (gates or {}).items()]
    decision = Decision(phase, "because of this", STARTED + timedelta(seconds=seconds), said)
    return Seen("r1", phase, 0, (20, 50), 20, held_by, STARTED, decision)
