"""What of a release's decisions people are told, as messages in the outbox."""

from collections.abc import Callable, Mapping
from datetime import datetime

from mongodb.outbox import Outbox
from release.documents import Decision
from release.lifecycle import CHANGING, CONTROLLER, Phase, Release
from release.notifications.messages import ReleaseNews, ReleaseStep, release_message
from service.slots import CANDIDATE

OF_PHASE: Mapping[Phase, ReleaseStep] = {
    Phase.ABORTING: "aborted",
    Phase.ABORTED: "aborted",
    Phase.PROMOTED: "promoted",
    Phase.ROLLED_BACK: "rolled_back",
    Phase.AWAITING_APPROVAL: "ready",
}
ADVICE: Mapping[ReleaseStep, str] = {
    "ready": 'make release DO="canary promote", or DO="canary abort".',
    "held": "make release shows the numbers; it goes on by itself as soon as it can.",
    "paused": 'make release DO="canary resume", or DO="canary abort".',
    "unfinished": "Correct nginx/default.conf: until nginx takes it, each slot keeps its share.",
    "shared": 'make release DO="split 100 0" takes its traffic back.',
    "promoted": "make release DO=rollback brings the previous package back.",
}


class Announcements:
    """Puts a message of each decision that people should know; the same one twice is one message."""

    def __init__(self, outbox: Outbox, dashboards: str, now: Callable[[], datetime]) -> None:
        self._outbox = outbox
        self._dashboards = dashboards
        self._now = now

    async def announce(self, release: Release, decision: Decision) -> None:
        """Put it; raises StoreUnavailable."""
        if step := step_of(decision):
            await self._outbox.put(
                release_message(news(release, decision, step), self._dashboards), self._now()
            )


def step_of(decision: Decision) -> ReleaseStep | None:
    """Return what people are told of a decision; nothing of a step, or of what they ordered themselves."""
    match decision.decision, decision.phase:
        case "start", _:
            return "started"
        case "hold", phase:
            return "unfinished" if phase in CHANGING else "held"
        case _, Phase.ABORTED if decision.percent:  # somebody has edited the split since it was told
            return "shared"
        case "pause", _ if decision.who == CONTROLLER:
            return "paused"
        case "rollback_refused", _:
            return "stuck"
        case _, phase:
            return OF_PHASE.get(phase) if phase else None


def news(release: Release, decision: Decision, step: ReleaseStep) -> ReleaseNews:
    """Return the decision in words, with what each gate said."""
    by = "" if decision.who == CONTROLLER else f" ({decision.who})"
    return ReleaseNews(
        release=release.id,
        step=step,
        candidate=CANDIDATE,
        model=release.candidate.model,
        version=release.candidate.version,
        why=f"{decision.why.rstrip('.')}{by}",
        numbers={one["name"]: f"{one['verdict']}. {one['why']}" for one in decision.gates},
        do=ADVICE.get(step, ""),
        which=_which_hold(release, decision) if step in {"held", "unfinished"} else "",
    )


def _which_hold(release: Release, decision: Decision) -> str:
    """Return what holds it and the hour: what comes and goes is told once an hour, and each kind of hold."""
    return f"{release.held_by}:{decision.at:%Y-%m-%dT%H}"
