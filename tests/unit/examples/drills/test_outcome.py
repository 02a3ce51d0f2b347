"""When a drill is over, and whether it ended as it should."""

from datetime import timedelta

import pytest

from examples.drills.drills import BLIND, DRIFT_ON_BOTH, ERRORS, GOOD, SLOW, Drill
from examples.drills.outcome import Ended, Requests, Seen, ended, outcome
from tests.unit.examples.drills.seen import STARTED, release

LATE = STARTED + timedelta(seconds=600)
FINE = Requests(sent=100, failed=0, candidate=20)


@pytest.mark.parametrize("phase", ["running", "paused", "promoting", "aborting", "rolling_back"])
def test_what_is_not_done_is_no_end(phase: str) -> None:
    """A decision counts when it is carried out: then nobody meets a bad candidate any more."""
    assert ended(GOOD, release(phase), LATE) is None


def test_a_rollback_names_the_gates_that_failed() -> None:
    """And says after how many seconds, and why."""
    seen = release("aborted", gates={"error_rate": "pass", "latency": "fail"}, seconds=72)
    assert ended(SLOW, seen, LATE) == Ended("abort", ["latency"], "because of this", 72)


def test_a_promotion_names_the_gates_that_passed() -> None:
    """One without numbers has not passed."""
    seen = release("promoted", gates={"drift": "pass", "accuracy": "insufficient"})
    assert ended(GOOD, seen, LATE) == Ended("promote", ["drift"], "because of this", 30)


def test_a_hold_is_an_end_once_it_has_lasted() -> None:
    """So it is shown that nothing follows from it."""
    seen = release(held_by="prometheus", seconds=30)
    lasts = BLIND.expected.holds_seconds
    assert ended(BLIND, seen, STARTED + timedelta(seconds=29 + lasts)) is None
    end = ended(BLIND, seen, STARTED + timedelta(seconds=30 + lasts))
    assert end == Ended("hold", ["prometheus"], "because of this", 30)


@pytest.mark.parametrize(
    ("drill", "seen"),
    [(GOOD, release(held_by="too_little")), (BLIND, release(held_by="too_little")), (BLIND, release())],
)
def test_another_hold_is_none(drill: Drill, seen: Seen) -> None:
    """A good candidate, too, is held until there is enough."""
    assert ended(drill, seen, LATE) is None


@pytest.mark.parametrize(
    ("drill", "end"),
    [
        (GOOD, Ended("promote", ["latency"], "", 1)),
        (SLOW, Ended("abort", ["slow_requests", "latency"], "", 1)),
        (BLIND, Ended("hold", ["prometheus"], "", 1)),
        (DRIFT_ON_BOTH, Ended("promote", ["error_rate", "drift"], "", 1)),
    ],
)
def test_the_right_end_for_the_right_reason_has_no_fault(drill: Drill, end: Ended) -> None:
    """What else failed does not matter."""
    assert outcome(drill, end, FINE).faults == []


@pytest.mark.parametrize(
    ("drill", "end", "fault"),
    [
        (GOOD, Ended("abort", ["drift"], "", 1), "it ended in a rollback, and not in a promotion"),
        (SLOW, Ended("promote", [], "", 1), "it ended in a promotion, and not in a rollback"),
        (SLOW, Ended("abort", ["drift"], "", 1), "the reason is drift, and not latency"),
        (SLOW, Ended("abort", [], "", 1), "the reason is no gate, and not latency"),
        (DRIFT_ON_BOTH, Ended("promote", ["error_rate"], "", 1), "the reason is error_rate, and not drift"),
        (GOOD, None, "nothing was decided within 240 s"),
    ],
)
def test_another_end_or_another_reason_is_a_fault(drill: Drill, end: Ended | None, fault: str) -> None:
    """The right decision for a wrong reason is luck."""
    assert outcome(drill, end, FINE).faults == [fault]


def test_a_request_that_fails_is_a_fault() -> None:
    """But for where the candidate is to fail some."""
    some = Requests(sent=100, failed=3, candidate=20)
    assert outcome(GOOD, Ended("promote", [], "", 1), some).faults == ["3 of 100 requests failed"]
    assert outcome(ERRORS, Ended("abort", ["error_rate"], "", 1), some).faults == []


def test_more_failures_than_the_candidate_had_requests_are_a_fault() -> None:
    """Somebody else has failed, too."""
    many = Requests(sent=100, failed=21, candidate=20)
    [fault] = outcome(ERRORS, Ended("abort", ["error_rate"], "", 1), many).faults
    assert fault == "21 requests failed, and the candidate had 20 only"
