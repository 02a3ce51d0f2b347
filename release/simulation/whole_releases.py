"""Whole releases by the plan `default`: its gates, and what follows from them, look after look."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from release.evidence import Arm, Labelled, Look
from release.gates import gates
from release.plan import DEFAULT, read_plan
from release.simulation.single_gates import Random, answers, mean_seconds
from release.steps import Window, drift
from release.verdict.decision import Action, Decision, Situation, decide
from release.verdict.latency import BUCKET_SECONDS
from service.slots import CANDIDATE, STABLE

PLAN = read_plan(DEFAULT)
REQUIRED = frozenset(name for name, gate in PLAN.gates if gate and gate.required)
REQUESTS_A_SECOND = 50
LABELLED = 0.5  # of the predictions, and at once
WINDOW = 100  # samples
LONGEST_SECONDS = 1200
LABELS = ("apple", "grapes", "lemon")
BEGIN = datetime(2026, 11, 29, tzinfo=UTC)


@dataclass(frozen=True)
class Slot:
    """How a slot answers: shares of its requests, and of its windows those that drift."""

    failed: float = 0.005
    slow: float = 0.01
    accuracy: float = 0.95
    confidence: float = 0.93
    seconds: float = 0.05
    labels: tuple[float, ...] = (0.4, 0.35, 0.25)
    drifted: float = 0.05


@dataclass(frozen=True)
class Ending:
    """The last decision of a release, and after how many seconds it was made."""

    decision: Decision
    seconds: int


class _Server:
    """Plays what a slot does."""

    def __init__(self, random: Random, name: str, slot: Slot) -> None:
        self._random = random
        self._name = name
        self._slot = slot
        self._filled = 0  # samples of the window that is not full yet
        self._window_began = BEGIN

    def serve(self, requests: int, mean: float) -> Arm:
        """Return what a slot does of so many requests, of this mean latency in seconds."""
        failed = int(self._random.binomial(requests, self._slot.failed))
        good = answers(self._random, mean, requests - failed)
        labels = self._random.multinomial(good.requests, self._slot.labels).tolist()
        confidence = self._random.beta(9, 9 / self._slot.confidence - 9, good.requests)
        return Arm(
            requests=requests,
            failed=failed,
            answered=requests,
            slow=int(self._random.binomial(requests, self._slot.slow)),
            succeeded=good.requests,
            seconds=good.seconds,
            labels=dict(zip(LABELS, labels, strict=True)),
            confidence_sum=float(confidence.sum()),
            confidence_count=good.requests,
        )

    def label(self, predictions: int) -> tuple[int, int]:
        """Return how many of the predictions got a label, and how many of those were wrong."""
        labelled = int(self._random.binomial(predictions, LABELLED))
        return labelled, int(self._random.binomial(labelled, 1 - self._slot.accuracy))

    def fill(self, predictions: int, at: datetime) -> list[Window]:
        """Return the windows that so many predictions fill."""
        full = []
        self._filled += predictions
        while self._filled >= WINDOW:
            full.append(Window(self._name, self._window_began, self._random.random() < self._slot.drifted))
            self._filled -= WINDOW
            self._window_began = at
        return full


class _Release:
    """What is kept of a release, and judged by the functions that judge a real one."""

    def __init__(self, random: Random, candidate: Slot, stable: Slot) -> None:
        self._candidate = _Server(random, CANDIDATE, candidate)
        self._stable = _Server(random, STABLE, stable)
        ratio = candidate.seconds / stable.seconds
        most_looks = LONGEST_SECONDS // BUCKET_SECONDS
        self._means = iter(zip(*mean_seconds(random, ratio, most_looks), strict=True))
        self._looks: list[Look] = []
        self._windows: list[Window] = []

    @property
    def seconds(self) -> int:
        """Return how long it has lasted."""
        return len(self._looks) * BUCKET_SECONDS

    def look(self, step: int, requests: tuple[int, int], *, is_settled: bool) -> None:
        """Add what the candidate and the stable slot did with so many requests."""
        servers = self._candidate, self._stable
        candidate, stable = (
            server.serve(count, mean)
            for server, count, mean in zip(servers, requests, next(self._means), strict=True)
        )
        at = BEGIN + timedelta(seconds=self.seconds)
        labelled = Labelled(
            step, *self._candidate.label(candidate.succeeded), *self._stable.label(stable.succeeded)
        )
        number = len(self._looks) + 1
        percent = PLAN.steps[step]
        self._looks.append(Look(number, step, percent, at, stable, candidate, [labelled], is_settled))
        self._windows += self._candidate.fill(candidate.succeeded, at)
        self._windows += self._stable.fill(stable.succeeded, at)

    def decide(self, step: int, *, is_over: bool) -> Decision:
        """Judge it all."""
        of_step = [look for look in self._looks if look.step == step]
        situation = Situation(
            required=REQUIRED,
            candidate_requests=sum(look.candidate.requests for look in of_step),
            least_requests=PLAN.min_requests,
            is_last_step=step == len(PLAN.steps) - 1,
            step_over=is_over,
        )
        windows = drift(self._windows, self._looks, step)
        judged = gates(self._looks, windows, PLAN, ended_step=of_step if is_over else None)
        return decide(judged, situation)


def play(random: Random, candidate: Slot, stable: Slot, extra_share: float = 0.0) -> Ending:
    """Play a release to its end, or until LONGEST_SECONDS: then it still holds.

    The candidate gets `extra_share` more of the traffic than the steps say.
    """
    release = _Release(random, candidate, stable)
    for step, percent in enumerate(PLAN.steps):
        begun = release.seconds
        while release.seconds < LONGEST_SECONDS:
            requests = int(random.poisson(REQUESTS_A_SECOND * BUCKET_SECONDS))
            one = int(random.binomial(requests, percent / 100 + extra_share))
            settled = begun + PLAN.settling_seconds
            release.look(step, (one, requests - one), is_settled=release.seconds >= settled)
            decision = release.decide(step, is_over=release.seconds >= settled + PLAN.step_seconds)
            if decision.action in (Action.ROLL_BACK, Action.PROMOTE):
                return Ending(decision, release.seconds)
            if decision.action is Action.ADVANCE:
                break
    return Ending(decision, release.seconds)
