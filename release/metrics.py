"""What Prometheus is told of releases: the newest one, its gates, the decisions, and the controller."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from release.documents import Decision
from release.judgement import ERROR
from release.lifecycle import CHANGING, CONTROLLER, Package, Phase, Release
from release.verdict.decision import Reason
from release.verdict.gate import Gate, Verdict

DONE, FAILED = OUTCOMES = ("done", "failed")
NO_RELEASE = "none"
PHASES = (NO_RELEASE, *Phase)
HOLDERS = (
    Reason.MISMATCH,
    Reason.SIGNAL_LOST,
    Reason.TOO_LITTLE,
    "split",
    "nginx",
    "prometheus",
    "package",
    ERROR,
)
VALUES = {Verdict.PASS: 1, Verdict.INSUFFICIENT: 0, Verdict.FAIL: -1}
MOST_DECISIONS = 20  # each is a series
MOST_CHARACTERS = 200  # of a label that is a sentence


@dataclass(frozen=True)
class View:
    """What there is to tell at one time.

    `release` is the newest one, `decision` the last one about it, `gates` the newest results, `looks` how
    often the numbers were looked at. `weights` are those that nginx/default.conf has, `decisions` the newest
    ones about any release, the newest first.
    """

    release: Release | None = None
    decision: Decision | None = None
    weights: Mapping[str, int] = field(default_factory=dict)
    gates: Sequence[Gate] = ()
    looks: int = 0
    decisions: Sequence[Decision] = ()


class ReleaseMetrics(Collector):
    """Shows one view at a time, so that no scrape sees half of one and half of the next."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        self._slot = slot
        self._view: View | None = None
        # So the age of the last tick is that of the program while none has succeeded.
        self._last_tick = datetime.now(UTC)
        self._ticks = Counter(
            "release_ticks",
            "Runs of the controller; a failed one did nothing, and the next one does it.",
            ["slot", "outcome"],
            registry=registry,
        )
        for outcome in OUTCOMES:
            self._ticks.labels(slot, outcome)
        registry.register(self)

    def show(self, view: View) -> None:
        """Show this and nothing else."""
        self._view = view

    def count_tick(self, outcome: str, now: datetime) -> None:
        """Count a run of the controller by its outcome."""
        self._ticks.labels(self._slot, outcome).inc()
        if outcome == DONE:
            self._last_tick = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return the view; before the first one no phase is that of the release."""
        view, slot = self._view, self._slot
        yield _number(
            "release_last_tick_timestamp_seconds",
            "When the controller last ran without an error; at first, when the program started.",
            slot,
            self._last_tick.timestamp(),
        )
        found = None if view is None else _phase(view.release)
        yield _gauge(
            "release_phase",
            "1 for the phase that the newest release is in; `none` where there was never one.",
            ("slot", "phase"),
            [((slot, phase), phase == found) for phase in PHASES],
        )
        if view is not None:
            yield from _of_the_split(view)
            yield from _of_the_release(view, slot)
            yield from _of_the_gates(view, slot)
            yield _decisions(view, slot)


def _of_the_split(view: View) -> Iterator[GaugeMetricFamily]:
    total = sum(view.weights.values())
    yield _gauge(
        "release_weight",
        "Percent of the users' requests that a slot is to get, by nginx/default.conf.",
        ("slot",),
        [((slot,), 100 * weight / total) for slot, weight in view.weights.items()] if total else (),
    )


def _of_the_release(view: View, slot: str) -> Iterator[GaugeMetricFamily]:
    release = view.release
    yield _gauge(
        "release_info",
        "The newest release, its plan and the two packages.",
        ("slot", "release", "plan", "stable", "candidate"),
        [((slot, release.id, release.plan_name, _name(release.stable), _name(release.candidate)), 1)]
        if release
        else [],
    )
    step, steps = (release.step + 1, len(release.plan.steps)) if release else (0, 0)
    yield _number(
        "release_step", "The step that the newest release is in, from 1 on; 0: there is none.", slot, step
    )
    yield _number("release_steps", "How many steps its plan has.", slot, steps)
    yield _number("release_looks", "How often its numbers were looked at.", slot, view.looks)
    yield _number(
        "release_split_edited_by_hand",
        "1 while it is paused because somebody edited nginx/default.conf.",
        slot,
        _is_edited(view),
    )
    held_by = release.held_by if release and release.phase in CHANGING | {Phase.RUNNING} else ""
    holders = dict.fromkeys((*HOLDERS, held_by)) if held_by else HOLDERS
    yield _gauge(
        "release_held",
        "1 for what keeps it, while it is running, from going on, or from the end that was decided.",
        ("slot", "by"),
        [((slot, by), by == held_by) for by in holders],
    )


def _of_the_gates(view: View, slot: str) -> Iterator[GaugeMetricFamily]:
    """Return the verdicts, and the numbers but those that a gate has for each class of the model."""
    verdicts = {gate.name: VALUES[gate.verdict] for gate in view.gates}
    if view.release:
        planned = [name for name, gate in view.release.plan.gates if gate]
        verdicts = dict.fromkeys(planned, VALUES[Verdict.INSUFFICIENT]) | verdicts
    yield _gauge(
        "release_gate",
        "What a gate of the newest release says: 1 pass, 0 insufficient, -1 fail.",
        ("slot", "gate"),
        [((slot, name), value) for name, value in verdicts.items()],
    )
    yield _gauge(
        "release_gate_number",
        "The numbers that a gate's verdict follows from.",
        ("slot", "gate", "number"),
        [
            ((slot, gate.name, name), value)
            for gate in view.gates
            for name, value in gate.numbers.items()
            if "[" not in name
        ],
    )


def _decisions(view: View, slot: str) -> GaugeMetricFamily:
    return _gauge(
        "release_decision_timestamp_seconds",
        "When each of the newest decisions was made.",
        ("slot", "release", "revision", "decision", "who", "why"),
        [
            (
                (slot, one.release, str(one.revision), one.decision, one.who, _shortened(one.why)),
                one.at.timestamp(),
            )
            for one in view.decisions[:MOST_DECISIONS]
        ],
    )


def _gauge(
    name: str, text: str, labels: Sequence[str], values: Iterable[tuple[Sequence[str], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for which, value in values:
        family.add_metric(which, float(value))
    return family


def _number(name: str, text: str, slot: str, value: float) -> GaugeMetricFamily:
    return _gauge(name, text, ("slot",), [((slot,), value)])


def _phase(release: Release | None) -> str:
    return release.phase if release else NO_RELEASE


def _is_edited(view: View) -> bool:
    """Tell whether the controller has paused the release: it does so for nothing else."""
    if not (view.release and view.decision):
        return False
    return view.release.phase is Phase.PAUSED and view.decision.who == CONTROLLER


def _name(package: Package) -> str:
    return f"{package.model} {package.version}"


def _shortened(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
