"""A look at a release: what the counters grew by, which labels came, and what the gates say of it."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

from mongodb.errors import StoreUnavailable
from release.counters import Counters, increase, last_known
from release.evidence import QUERY, Arm, Look, arm, counted, signals_lost
from release.gates import gates
from release.judgement import ERROR, Action, Judgement
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
SCRAPED = timedelta(seconds=10)  # within which the counters show a request: they are scraped every 5 s

logger = logging.getLogger(__name__)


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
        """Return what the numbers allow; Prometheus' absence, an empty answer, and an error hold.

        Nothing is looked at more often than the plan says, and less often the longer a release lasts.

        Raises:
            StoreUnavailable: the database is away; the next call looks again.
        """
        now = self._now()
        if self._looked_at and now < self._looked_at + pause_after(self._looks_made, release):
            return Judgement("stay", "")
        try:
            judgement = await self._judged(release, now)
        except StoreUnavailable:
            raise
        except SignalLost as lost:
            judgement = Judgement.hold("prometheus", str(lost))
        except Exception as error:  # whatever it is: a candidate that nobody judges has to be told of
            logger.exception("a look failed", extra={"release": release.id})
            why = f"The look failed, and nothing is judged: {error!r}. The log of release says where."
            judgement = Judgement.hold(ERROR, why)
        self._looked_at = now
        return judgement

    async def _judged(self, release: Release, now: datetime) -> Judgement:
        looks, lost = await self._looks(release, await self._prometheus.counters(QUERY))
        self._looks_made = len(looks)
        windows = drift(await self._feedback.windows(release), looks, release.step)
        in_step = since_begun(release, looks)
        is_over = self._now() >= step_ends(release, looks)
        ended = in_step if is_over else None
        said = await asyncio.to_thread(gates, looks, windows, release.plan, ended_step=ended)
        self.seen = Seen(release.id, len(looks), now, _requests(in_step), said)
        return _judgement(release, self.seen, lost, is_over=is_over)

    async def _looks(self, release: Release, answer: Counters) -> tuple[Sequence[Look], Sequence[str]]:
        """Add a look to those that were kept, and say which signals were lost.

        The first time only the counters are noted, once they are all there. After a pause nothing that was
        counted in it is in the look.
        """
        now = self._now()
        counters, lost = counted(answer), signals_lost(answer, planned(release))
        kept = await self._store.counters(release.id)
        if kept is None:
            if not lost:
                await self._store.put_counters(release.id, 0, now, counters)
            return (), lost
        last, since, before = kept
        after_pause = release.resumed_at is not None and since < release.resumed_at + SCRAPED
        grown = {} if after_pause else increase(before, counters)
        try:
            stable, candidate = _arms(release, grown)
        except ValueError as error:  # stored, it would spoil every later look
            stable, candidate = Arm(), Arm()
            lost = (*lost, f"what was counted from {since:%H:%M:%S} to {now:%H:%M:%S} UTC ({error})")
        look = Look(
            number=last + 1,
            step=release.step,
            percent=release.percent,
            at=now,
            stable=stable,
            candidate=candidate,
            is_settled=since >= settled_at(release),
            is_blind=bool(lost),
            after_pause=after_pause,
        )
        looks = [*await self._store.looks(release.id, last), look]
        labels = await self._feedback.labels(release, since - WRITTEN, now - WRITTEN)
        look = replace(look, labelled=by_step(labels, looks, release.step))
        await self._store.add_look(release.id, look)
        await self._store.put_counters(release.id, look.number, now, last_known(before, counters))
        return [*looks[:-1], look], lost


def _arms(release: Release, grown: Counters) -> tuple[Arm, Arm]:
    asked = release.plan.gates.slow_requests
    bound = asked.seconds if asked else NO_BOUND
    return arm(grown, STABLE, bound), arm(grown, CANDIDATE, bound)


def _requests(looks: Sequence[Look]) -> Mapping[str, int]:
    return {
        STABLE: sum(look.stable.requests for look in looks),
        CANDIDATE: sum(look.candidate.requests for look in looks),
    }


def _judgement(release: Release, seen: Seen, lost: Sequence[str], *, is_over: bool) -> Judgement:
    decided = decision.decide(
        seen.gates,
        Situation(
            required=required(release),
            candidate_requests=seen.requests[CANDIDATE],
            least_requests=release.plan.min_requests,
            is_last_step=release.is_last_step,
            step_over=is_over,
            signals_lost=tuple(lost),
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


def since_begun(release: Release, looks: Sequence[Look]) -> Sequence[Look]:
    """Return the looks of a step since it began, or began again after a pause."""
    return [look for look in looks if look.step == release.step and look.at > release.step_started_at]


def step_ends(release: Release, looks: Sequence[Look]) -> datetime:
    """Return when a step has lasted as long as its plan says, since only its own split was counted.

    The time in which a signal was lost does not count: what the candidate did in it is not known.
    """
    begun = release.step_started_at
    blind = (
        look.at - max(before.at, begun)
        for before, look in pairwise(looks)
        if look.is_blind and look.step == release.step and look.at > begun
    )
    return settled_at(release) + timedelta(seconds=release.plan.step_seconds) + sum(blind, timedelta())


def planned(release: Release) -> frozenset[str]:
    """Return the gates that a plan has."""
    return frozenset(_gates(release))


def required(release: Release) -> frozenset[str]:
    """Return the gates without which a plan promotes nothing."""
    return frozenset(name for name, gate in _gates(release).items() if gate.required)


def _gates(release: Release) -> Mapping[str, GatePlan]:
    asked: dict[str, GatePlan | None] = dict(release.plan.gates)
    return {name: gate for name, gate in asked.items() if gate}


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
