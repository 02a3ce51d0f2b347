"""A look at a release: what the counters grew by, which labels came, and what the gates say of it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Protocol

from release.counters import Counters, increase
from release.evidence import QUERY, Look, arm
from release.gates import gates
from release.judgement import Action, Judgement
from release.lifecycle import Release
from release.plan import GatePlan
from release.prometheus import Prometheus, SignalLost
from release.steps import Label, Window, by_step, drift
from release.store import ReleaseStore
from release.verdict import decision
from release.verdict.decision import Reason, Situation
from release.verdict.gate import Gate
from service.slots import CANDIDATE, STABLE

MANY_LOOKS = 1000  # 83 minutes, at a look every 5 s
NO_BOUND = float("inf")
WRITTEN = timedelta(seconds=2)  # within which a label is there that came at its time


@dataclass(frozen=True)
class Seen:
    """What was seen at the last of `looks`: this step's requests by slot, what the gates said of all."""

    release: str
    looks: int
    at: datetime
    requests: Mapping[str, int]
    gates: Sequence[Gate]


class Feedback(Protocol):
    """What came back about the predictions of a release's two packages."""

    async def labels(self, release: Release, after: datetime, until: datetime) -> Sequence[Label]:
        """Return the labels that came after one time and until another."""

    async def windows(self, release: Release) -> Sequence[Window]:
        """Return the detectors' windows of what was predicted since the release began."""


class Judge:
    """Looks, keeps what it saw, and judges all that was seen since the release began."""

    def __init__(
        self, prometheus: Prometheus, store: ReleaseStore, feedback: Feedback, now: Callable[[], datetime]
    ) -> None:
        self._prometheus = prometheus
        self._store = store
        self._feedback = feedback
        self._now = now
        self._looked_at: datetime | None = None
        self._looks_made = 0
        self.seen: Seen | None = None

    @property
    def latest(self) -> Sequence[Gate]:
        """Return what the gates said at the last look; none before the first one."""
        return self.seen.gates if self.seen else ()

    async def look(self, release: Release) -> Judgement:
        """Return what the numbers allow; Prometheus' absence, and an empty answer, are reasons to hold.

        Nothing is looked at more often than the plan says, and less often the longer a release lasts.
        """
        now = self._now()
        if self._looked_at and now < self._looked_at + pause_after(self._looks_made, release):
            return Judgement("stay", "")
        self._looked_at = now
        try:
            counters = await self._prometheus.counters(QUERY)
        except SignalLost as lost:
            return Judgement.hold("prometheus", str(lost))
        looks = await self._looks(release, counters)
        self._looks_made = len(looks)
        windows = drift(await self._feedback.windows(release), looks, release.step)
        is_over = self._now() >= step_ends(release)
        said = await asyncio.to_thread(gates, looks, windows, release.plan, step_is_over=is_over)
        self.seen = Seen(release.id, len(looks), now, _requests(looks, release.step), said)
        return _judgement(release, self.seen, is_over=is_over)

    async def _looks(self, release: Release, counters: Counters) -> Sequence[Look]:
        """Add a look to those that were kept; the first time only the counters are noted."""
        now = self._now()
        kept = await self._store.counters(release.id)
        if kept is None:
            await self._store.put_counters(release.id, 0, now, counters)
            return ()
        last, since, before = kept
        looks = await self._store.looks(release.id, last)
        bound = release.plan.gates.slow_requests.seconds if release.plan.gates.slow_requests else NO_BOUND
        grown = increase(before, counters)
        labels = await self._feedback.labels(release, since - WRITTEN, now - WRITTEN)
        look = Look(
            number=last + 1,
            step=release.step,
            percent=release.percent,
            at=now,
            stable=arm(grown, STABLE, bound),
            candidate=arm(grown, CANDIDATE, bound),
            labelled=by_step(labels, looks, release.step),
            is_settled=since >= settled_at(release),
        )
        await self._store.add_look(release.id, look)
        await self._store.put_counters(release.id, look.number, now, counters)
        return [*looks, look]


def _requests(looks: Sequence[Look], step: int) -> Mapping[str, int]:
    in_step = [look for look in looks if look.step == step]
    return {
        STABLE: sum(look.stable.requests for look in in_step),
        CANDIDATE: sum(look.candidate.requests for look in in_step),
    }


def _judgement(release: Release, seen: Seen, *, is_over: bool) -> Judgement:
    decided = decision.decide(
        seen.gates,
        Situation(
            required=required(release),
            candidate_requests=seen.requests[CANDIDATE],
            least_requests=release.plan.min_requests,
            is_last_step=release.is_last_step,
            step_over=is_over,
        ),
    )
    return Judgement(
        action=action(decided, is_over=is_over),
        why=decided.why,
        held_by=decided.reason,
        gates=[asdict(gate) for gate in seen.gates],
        queries=[QUERY],
    )


def pause_after(looks: int, release: Release) -> timedelta:
    """Return how long nothing is looked at; it doubles with each MANY_LOOKS, as each look judges them all."""
    return timedelta(seconds=release.plan.look_seconds * 2 ** min(looks // MANY_LOOKS, 8))


def settled_at(release: Release) -> datetime:
    """Return when only the step's own split is counted."""
    return release.step_started_at + timedelta(seconds=release.plan.settling_seconds)


def step_ends(release: Release) -> datetime:
    """Return when a step has lasted as long as its plan says, since only its own split was counted."""
    return settled_at(release) + timedelta(seconds=release.plan.step_seconds)


def required(release: Release) -> frozenset[str]:
    """Return the gates without which a plan promotes nothing."""
    asked: dict[str, GatePlan | None] = dict(release.plan.gates)
    return frozenset(name for name, gate in asked.items() if gate and gate.required)


def action(decided: decision.Decision, *, is_over: bool) -> Action:
    """Return a decision as the controller acts: too little is no news before the step's time is over."""
    match decided.action:
        case decision.Action.ROLL_BACK:
            return "roll_back"
        case decision.Action.HOLD:
            quiet = decided.reason is Reason.STEP_NOT_OVER or (
                decided.reason is Reason.TOO_LITTLE and not is_over
            )
            return "wait" if quiet else "hold"
        case _:
            return "advance"
