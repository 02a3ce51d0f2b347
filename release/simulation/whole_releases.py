"""Whole releases: all gates, and the decision that follows from them, look after look until the end."""

from collections import Counter
from dataclasses import dataclass, field

from release.simulation.single_gates import Random, answers, mean_seconds
from release.verdict.coins import Arm, Coins, Look
from release.verdict.confidence_sequence import Mean, Step
from release.verdict.decision import Action, Decision, Situation, decide
from release.verdict.failures import error_rate, slow_requests
from release.verdict.feedback import accuracy
from release.verdict.gate import Gate
from release.verdict.inputs import drifted_windows
from release.verdict.latency import BUCKET_SECONDS, Bucket, latency
from release.verdict.predictions import LabelCounts, confidence, labels
from release.verdict.sample_ratio import Served, sample_ratio

STEPS = (0.05, 0.2, 0.5)
STEP_SECONDS = 120
LEAST_REQUESTS = 200
REQUESTS_A_SECOND = 50
LABELLED = 0.5  # of the requests, and at once
WINDOW = 100  # samples
LONGEST_SECONDS = 1200
REQUIRED = frozenset({"error_rate", "slow_requests", "latency", "sample_ratio", "labels", "confidence"})
LABELS = ("apple", "grapes", "lemon")


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


@dataclass
class _Tally:
    """What one slot did in one step."""

    requests: int = 0
    confidence: float = 0.0
    labels: Counter[str] = field(default_factory=Counter)


class _Evidence:
    """What a controller keeps of a release."""

    def __init__(self, random: Random, candidate: Slot, stable: Slot) -> None:
        self._random = random
        self._slots = (candidate, stable)
        looks = LONGEST_SECONDS // BUCKET_SECONDS
        ratio = candidate.seconds / stable.seconds
        self._means = iter(zip(*mean_seconds(random, ratio, looks), strict=True))
        self._failed, self._slow, self._windows = Coins(), Coins(), Coins()
        self._wrong: list[Coins] = []
        self._buckets: list[Bucket] = []
        self._steps: list[tuple[float, _Tally, _Tally]] = []

    def begin(self, share: float) -> None:
        """Begin a step."""
        self._steps.append((share, _Tally(), _Tally()))
        self._wrong.append(Coins())

    @property
    def candidate_requests(self) -> int:
        """Return how many the candidate had in this step."""
        return self._steps[-1][1].requests

    def look(self, requests: tuple[int, int]) -> None:
        """Add what the candidate and the stable slot did with so many requests."""
        slots, tallies = self._slots, self._steps[-1][1:]
        self._failed = self._failed.after(self._coins(requests, [slot.failed for slot in slots]))
        self._slow = self._slow.after(self._coins(requests, [slot.slow for slot in slots]))
        labelled = [int(self._random.binomial(count, LABELLED)) for count in requests]
        self._wrong[-1] = self._wrong[-1].after(self._coins(labelled, [1 - slot.accuracy for slot in slots]))
        windows = [self._tally(*one) for one in zip(slots, tallies, requests, strict=True)]
        self._windows = self._windows.after(self._coins(windows, [slot.drifted for slot in slots]))
        one, two = (
            answers(self._random, mean, count)
            for mean, count in zip(next(self._means), requests, strict=True)
        )
        self._buckets.append(Bucket(one, two))

    def gates(self) -> list[Gate]:
        """Judge it all."""
        steps = self._steps
        return [
            error_rate(self._failed),
            slow_requests(self._slow),
            latency(self._buckets),
            sample_ratio([Served(share, one.requests, two.requests) for share, one, two in steps]),
            drifted_windows(self._windows),
            labels([LabelCounts(one.labels, two.labels) for _, one, two in steps]),
            confidence([Step(_confidence(one), _confidence(two)) for _, one, two in steps]),
            accuracy(self._wrong),
        ]

    def _coins(self, counts: tuple[int, int] | list[int], rates: list[float]) -> Look:
        one, two = (
            Arm(count, int(self._random.binomial(count, rate)))
            for count, rate in zip(counts, rates, strict=True)
        )
        return Look(one, two)

    def _tally(self, slot: Slot, tally: _Tally, requests: int) -> int:
        """Add requests, and return how many windows they fill."""
        windows = (tally.requests + requests) // WINDOW - tally.requests // WINDOW
        tally.requests += requests
        tally.labels.update(
            dict(zip(LABELS, self._random.multinomial(requests, slot.labels).tolist(), strict=True))
        )
        tally.confidence += float(self._random.beta(9, 9 / slot.confidence - 9, requests).sum())
        return windows


def _confidence(tally: _Tally) -> Mean:
    return Mean(tally.requests, tally.confidence)


def play(random: Random, candidate: Slot, stable: Slot, extra_share: float = 0.0) -> Ending:
    """Play a release to its end, or until LONGEST_SECONDS: then it still holds.

    The candidate gets `extra_share` more of the traffic than the steps say.
    """
    evidence = _Evidence(random, candidate, stable)
    seconds = 0
    for number, share in enumerate(STEPS):
        evidence.begin(share)
        begun = seconds
        while seconds < LONGEST_SECONDS:
            requests = int(random.poisson(REQUESTS_A_SECOND * BUCKET_SECONDS))
            one = int(random.binomial(requests, share + extra_share))
            evidence.look((one, requests - one))
            seconds += BUCKET_SECONDS
            situation = Situation(
                required=REQUIRED,
                candidate_requests=evidence.candidate_requests,
                least_requests=LEAST_REQUESTS,
                is_last_step=number == len(STEPS) - 1,
                step_over=seconds - begun >= STEP_SECONDS,
            )
            decision = decide(evidence.gates(), situation)
            if decision.action in (Action.ROLL_BACK, Action.PROMOTE):
                return Ending(decision, seconds)
            if decision.action is Action.ADVANCE:
                break
    return Ending(decision, seconds)
