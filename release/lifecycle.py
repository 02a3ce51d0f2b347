"""The phases of a release, and what leads from one to the next: no clock, file or database is touched."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from proxy.routing import Routing
from release.plan import Plan
from service.slots import CANDIDATE, STABLE

CONTROLLER = "controller"  # who decided, where it was no person
NOTHING = 0  # percent


class Phase(StrEnum):
    """Where a release is."""

    RUNNING = "running"
    PAUSED = "paused"
    AWAITING_APPROVAL = "awaiting_approval"
    PROMOTING = "promoting"
    ABORTING = "aborting"
    ROLLING_BACK = "rolling_back"
    PROMOTED = "promoted"
    ABORTED = "aborted"
    ROLLED_BACK = "rolled_back"


OPEN = frozenset({Phase.RUNNING, Phase.PAUSED, Phase.AWAITING_APPROVAL})  # a person may still decide
CHANGING = frozenset({Phase.PROMOTING, Phase.ABORTING, Phase.ROLLING_BACK})  # decided, not yet done
ENDED = frozenset({Phase.PROMOTED, Phase.ABORTED, Phase.ROLLED_BACK})
DONE = {
    Phase.PROMOTING: Phase.PROMOTED,
    Phase.ABORTING: Phase.ABORTED,
    Phase.ROLLING_BACK: Phase.ROLLED_BACK,
}


class NotNow(ValueError):
    """The release is in no phase for this; the message says in which it is, and what is possible."""


@dataclass(frozen=True)
class Package:
    """A package as a release names it."""

    model: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Release:
    """One candidate's way.

    `percent` is the candidate's share that is wanted; once the release has ended, the one that it was left
    with. `in_file` is the routing that this controller last found in the file as it wanted it, or at the
    start: another one is a person's. `held_by` names what keeps a running release from going on, or one that
    is changing from its end. `revision` counts changes.
    """

    id: str
    plan_name: str
    plan: Plan
    stable: Package
    candidate: Package
    phase: Phase
    step: int
    percent: int
    in_file: Routing
    reason: str
    started_at: datetime
    step_started_at: datetime
    ended_at: datetime | None = None
    held_by: str = ""
    paused_from: Phase | None = None
    resumed_at: datetime | None = None
    revision: int = 0

    @property
    def is_last_step(self) -> bool:
        """Tell whether promotion comes next."""
        return self.step == len(self.plan.steps) - 1

    @property
    def routing(self) -> Routing:
        """Return what is wanted: shares in percent, drawn while the slots are compared."""
        is_split = self.percent > 0
        weights = {STABLE: 100 - self.percent, CANDIDATE: self.percent}
        return Routing(weights, draws=is_split, experiment=self.id if is_split and self.plan.sticky else None)


def start(
    *,
    name: str,
    plan_name: str,
    plan: Plan,
    stable: Package,
    candidate: Package,
    in_file: Routing,
    now: datetime,
) -> Release:
    """Begin with the first step."""
    first = plan.steps[0]
    return Release(
        id=name,
        plan_name=plan_name,
        plan=plan,
        stable=stable,
        candidate=candidate,
        phase=Phase.RUNNING,
        step=0,
        percent=first,
        in_file=in_file,
        reason=f"step 1 of {len(plan.steps)}: {first} %",
        started_at=now,
        step_started_at=now,
    )


def advance(release: Release, why: str, now: datetime) -> Release:
    """Go on to the next step, or after the last one to promotion or to who must approve it."""
    _demand(release, {Phase.RUNNING}, "go on")
    if not release.is_last_step:
        step = release.step + 1
        percent = release.plan.steps[step]
        reason = f"step {step + 1} of {len(release.plan.steps)}: {percent} %; {why}"
        return _changed(release, step=step, percent=percent, step_started_at=now, held_by="", reason=reason)
    if release.plan.approval:
        reason = f"waits for approval; {why}"
        return _changed(release, phase=Phase.AWAITING_APPROVAL, held_by="", reason=reason)
    return _changed(release, phase=Phase.PROMOTING, held_by="", reason=why)


def split_written(release: Release, now: datetime) -> Release:
    """Note that the file has the wanted routing; a step lasts from then on."""
    return _changed(release, in_file=release.routing, step_started_at=now)


def hold(release: Release, by: str, why: str) -> Release:
    """Stay where it is, and say what keeps it there; nothing does any more where `by` is empty.

    What is decided stays so, with its own reason.
    """
    _demand(release, CHANGING | {Phase.RUNNING}, "be held")
    return _changed(release, held_by=by, reason=release.reason if release.phase in CHANGING else why)


def pause(release: Release, why: str) -> Release:
    """Stop looking, until somebody resumes."""
    _demand(release, OPEN - {Phase.PAUSED}, "be paused")
    return _changed(release, phase=Phase.PAUSED, paused_from=release.phase, held_by="", reason=why)


def overrule(release: Release, in_file: Routing) -> Release:
    """Take the routing in the file for the controller's own: somebody has told it to go on from there."""
    return replace(release, in_file=in_file)


def resume(release: Release, why: str, now: datetime) -> Release:
    """Go on where it was paused; the step begins again."""
    _demand(release, {Phase.PAUSED}, "be resumed")
    phase = release.paused_from or Phase.RUNNING
    return _changed(release, phase=phase, paused_from=None, step_started_at=now, resumed_at=now, reason=why)


def promote(release: Release, why: str) -> Release:
    """Make the candidate's package the stable slot's, whatever the gates say: a person may decide so."""
    _demand(release, OPEN, "be promoted")
    return _changed(release, phase=Phase.PROMOTING, paused_from=None, held_by="", reason=why)


def abort(release: Release, why: str) -> Release:
    """Take the traffic back."""
    _demand(release, OPEN, "be aborted")
    return _changed(release, phase=Phase.ABORTING, percent=NOTHING, paused_from=None, held_by="", reason=why)


def roll_back(release: Release, why: str) -> Release:
    """Take the traffic back; after a promotion the package that was served before it, too."""
    if release.phase in OPEN:
        return abort(release, why)
    if (
        release.phase is not Phase.PROMOTING or release.percent
    ):  # the packages are changed, nginx is waited for
        _demand(release, OPEN | {Phase.PROMOTED}, "be rolled back")
    return _changed(release, phase=Phase.ROLLING_BACK, percent=NOTHING, ended_at=None, held_by="", reason=why)


def packages_changed(release: Release) -> Release:
    """Take the traffic back to the stable slot, which serves the promoted package by now."""
    _demand(release, {Phase.PROMOTING}, "have its packages changed")
    return _changed(release, percent=NOTHING)


def give_up_promotion(release: Release, why: str) -> Release:
    """Take the traffic back: the stable slot has refused the candidate's package."""
    _demand(release, {Phase.PROMOTING}, "give up its promotion")
    return _changed(release, phase=Phase.ABORTING, percent=NOTHING, held_by="", reason=why)


def give_up_rollback(release: Release, why: str, now: datetime) -> Release:
    """Stay promoted: the stable slot has refused the previous package."""
    _demand(release, {Phase.ROLLING_BACK}, "give up its rollback")
    return _changed(release, phase=Phase.PROMOTED, held_by="", ended_at=now, reason=why)


def finish(release: Release, in_file: Routing, why: str, now: datetime) -> Release:
    """End what was decided: it is done, and the file has this routing, which may be a person's."""
    _demand(release, CHANGING, "be finished")
    percent = round(100 * candidates_share(in_file.weights))
    done = DONE[release.phase]
    return _changed(
        release, phase=done, percent=percent, in_file=in_file, held_by="", reason=why, ended_at=now
    )


def candidates_share(weights: Mapping[str, int]) -> float:
    """Return the share of the traffic that the candidate's slot is to have, from 0 to 1."""
    return weights[CANDIDATE] / (sum(weights.values()) or 1)  # a person may have put both `down`


def demand_no_say(release: Release) -> None:
    """Raise NotNow where a release decides where requests go."""
    if release.phase in CHANGING and release.held_by:
        todo = f"it is held by {release.held_by}, and `make release` says what to do"
        raise NotNow(f"release {release.id} is {release.phase}: {todo}")
    if release.phase in CHANGING:
        raise NotNow(f"release {release.id} is {release.phase}: try again when it has ended, in a moment")
    if release.phase not in ENDED | {Phase.PAUSED}:
        todo = "`canary pause` or `canary abort` it first"
        raise NotNow(f"release {release.id} is {release.phase}, and shares the traffic itself: {todo}")


def demand_ended(release: Release) -> None:
    """Raise NotNow where a release has not ended: it counts on the packages that it began with."""
    if release.phase not in ENDED:
        todo = "end it first" if release.phase in OPEN else "try again when it has ended, in a moment"
        raise NotNow(f"release {release.id} is {release.phase}: {todo}")


def _demand(release: Release, phases: frozenset[Phase] | set[Phase], what: str) -> None:
    if release.phase not in phases:
        possible = ", ".join(sorted(phases))
        raise NotNow(f"release {release.id} is {release.phase} and cannot {what}: only when it is {possible}")


def _changed(release: Release, **changes: Any) -> Release:
    return replace(release, revision=release.revision + 1, **changes)
