"""Releases, decisions and gates for tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from proxy.routing import Routing
from release import lifecycle
from release.documents import Decision
from release.lifecycle import CONTROLLER, Package, Phase, Release
from release.plan import GatePlan, Gates, Plan
from service.slots import CANDIDATE, STABLE

NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)
OLD, NEW = Package("cnn", "1", "a" * 64), Package("cnn", "2", "b" * 64)
PLAN = Plan(steps=(5, 20), step_seconds=60, min_requests=10, gates=Gates(error_rate=GatePlan(required=True)))
GATE = {
    "name": "error_rate",
    "verdict": "fail",
    "why": "9 of 10 failed.",
    "numbers": {"evidence": 1e3},
    "empty": False,
}


def a_release(**changes: Any) -> Release:
    """Return a release in its first step, changed."""
    begun = lifecycle.start(
        name="r1",
        plan_name="default",
        plan=PLAN,
        stable=OLD,
        candidate=NEW,
        in_file=Routing({STABLE: 1, CANDIDATE: 1}),
        now=NOW,
    )
    return replace(begun, **changes)


def a_decision(release: Release, decided: str = "start", who: str = CONTROLLER, **changes: Any) -> Decision:
    """Return a decision about a release."""
    plain = Decision(
        release.id, release.revision, decided, who, "so", NOW, release.phase, release.percent, [], []
    )
    return replace(plain, **changes)


def later(seconds: float) -> datetime:
    """Return a time after NOW."""
    return NOW + timedelta(seconds=seconds)


__all__ = ["GATE", "NEW", "NOW", "OLD", "PLAN", "Phase", "a_decision", "a_release", "later"]
