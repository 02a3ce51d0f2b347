"""What a drill has ended in, by what is seen of the release, and whether that is right. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from examples.drills.drills import Drill, End

DONE: Mapping[str, End] = {"promoted": "promote", "aborted": "abort"}  # by phase


@dataclass(frozen=True)
class Gate:
    """What a gate said."""

    name: str
    verdict: str
    why: str


@dataclass(frozen=True)
class Decision:
    """What was decided last, why, when, and what the gates said then."""

    decision: str
    why: str
    at: datetime
    gates: Sequence[Gate] = ()


@dataclass(frozen=True)
class Seen:
    """A release as it is now; `held_by` is a word for what keeps it, empty where nothing does."""

    id: str
    phase: str
    step: int
    steps: Sequence[int]
    percent: int
    held_by: str
    started_at: datetime
    decision: Decision
    gates: Sequence[Gate] = ()

    @property
    def place(self) -> str:
        """Return the phase, the step and what holds it, as people say."""
        step = f"step {self.step + 1} of {len(self.steps)}, {self.percent} %"
        return f"{self.phase}, {step}" + (f", held by {self.held_by}" if self.held_by else "")


@dataclass(frozen=True)
class Requests:
    """Requests sent so far, those that failed, how, and those that the candidate answered."""

    sent: int = 0
    failed: int = 0
    candidate: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """An end: what was decided, by which gate or word, why, and after how many seconds it was done."""

    end: End
    because: Sequence[str]
    why: str
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """What came of a drill; `faults` says what is not as it should be."""

    drill: str
    ended: Ended | None
    requests: Requests
    faults: Sequence[str]


def ended(drill: Drill, seen: Seen, now: datetime) -> Ended | None:
    """Return the end that a drill has come to; None where it goes on.

    A hold is an end only where the drill expects it, and once it has lasted.
    """
    decision = seen.decision
    seconds = (decision.at - seen.started_at).total_seconds()
    if end := DONE.get(seen.phase):
        wanted = "fail" if end == "abort" else "pass"
        because = [gate.name for gate in decision.gates if gate.verdict == wanted]
        return Ended(end, because, decision.why, seconds)
    expected = drill.expected
    is_held = expected.end == "hold" and seen.held_by == expected.because
    if is_held and now - decision.at >= timedelta(seconds=expected.holds_seconds):
        return Ended("hold", [seen.held_by], decision.why, seconds)
    return None


def outcome(drill: Drill, end: Ended | None, requests: Requests) -> Outcome:
    """Return what came of a drill, with all that is wrong with it."""
    faults = []
    if end is None:
        faults.append(f"nothing was decided within {drill.most_seconds:.0f} s")
    else:
        expected = drill.expected
        if end.end != expected.end:
            faults.append(f"it ended in {said(end.end)}, and not in {said(expected.end)}")
        elif expected.because and expected.because not in end.because:
            reasons = ", ".join(end.because) or "no gate"
            faults.append(f"the reason is {reasons}, and not {expected.because}")
    if requests.failed and not drill.may_fail:
        faults.append(f"{requests.failed} of {requests.sent} requests failed")
    if requests.failed > requests.candidate:
        faults.append(f"{requests.failed} requests failed, and the candidate had {requests.candidate} only")
    return Outcome(drill.name, end, requests, faults)


def said(end: End) -> str:
    """Return an end as people say."""
    return {"promote": "a promotion", "abort": "a rollback", "hold": "a hold"}[end]
