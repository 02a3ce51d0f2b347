"""Which step of a release served the predictions that labels and detectors' windows are about."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from release.evidence import Labelled, Look
from release.verdict import coins
from release.verdict.coins import Coins
from service.slots import CANDIDATE, STABLE


@dataclass(frozen=True)
class Label:
    """A true label that came: about which slot's prediction, made when, and whether that was right."""

    slot: str
    predicted_at: datetime
    is_correct: bool


@dataclass(frozen=True)
class Window:
    """What a slot's detector said of a window whose first sample is of this time."""

    slot: str
    began_at: datetime
    has_drifted: bool


ALWAYS = datetime.min.replace(tzinfo=UTC)


class Steps:
    """When each step of a release was looked at first; `now` is the number of the one that runs."""

    def __init__(self, looks: Sequence[Look], now: int) -> None:
        self._begins: dict[int, datetime] = {}
        for look in looks:
            self._begins.setdefault(look.step, look.at)
        times = [ALWAYS, *(look.at for look in looks)]
        self._pauses = [pause for pause, look in zip(pairwise(times), looks, strict=True) if look.after_pause]
        self._now = now

    def at(self, time: datetime) -> int:
        """Return the step that served what was asked for at a time; before the first look, the first one."""
        begun = (step for step, at in self._begins.items() if at <= time)
        return max(begun, default=min(self._begins, default=self._now))

    def counts(self, time: datetime) -> bool:
        """Tell whether the release was not paused then, as far as looks tell."""
        return not any(begin < time <= end for begin, end in self._pauses)


def by_step(labels: Sequence[Label], looks: Sequence[Look], step: int) -> list[Labelled]:
    """Return labels by the step that served their predictions; `step` is the one now.

    Those of what was predicted in a pause are left out.
    """
    steps = Steps(looks, step)
    found: dict[int, Labelled] = {}
    for label in (one for one in labels if steps.counts(one.predicted_at)):
        served = steps.at(label.predicted_at)
        found[served] = _with(found.get(served, Labelled(served)), label)
    return [found[one] for one in sorted(found)]


def drift(windows: Sequence[Window], looks: Sequence[Look], step: int) -> Coins:
    """Return the windows' evidence: within a step, as the slots' shares are one step's; none of a pause's."""
    steps = Steps(looks, step)
    found: defaultdict[tuple[int, str], list[bool]] = defaultdict(list)
    for window in (one for one in windows if steps.counts(one.began_at)):
        found[steps.at(window.began_at), window.slot].append(window.has_drifted)

    def arm(served: int, slot: str) -> coins.Arm:
        drifted = found.get((served, slot), [])
        return coins.Arm(len(drifted), sum(drifted))

    return coins.coins(
        coins.Look(arm(served, CANDIDATE), arm(served, STABLE))
        for served in sorted({served for served, _ in found})
    )


def _with(counted: Labelled, label: Label) -> Labelled:
    is_candidates, wrong = label.slot == CANDIDATE, int(not label.is_correct)
    return Labelled(
        counted.step,
        counted.candidate + is_candidates,
        counted.candidate_wrong + is_candidates * wrong,
        counted.stable + (not is_candidates),
        counted.stable_wrong + (not is_candidates) * wrong,
    )
