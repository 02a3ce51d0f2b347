"""The tables of docs/releases.md: what is played how often, and how it ends."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from release.simulation.naive import fisher_at_each_look, z_test_at_each_look
from release.simulation.single_gates import (
    SHARE,
    Counted,
    Ending,
    Random,
    Requests,
    buckets,
    median_of,
    repeat,
    share_of,
    until_accuracy,
    until_coins_fail,
    until_drift,
    until_latency,
    until_mismatch,
)
from release.simulation.whole_releases import Slot, play
from release.verdict.gate import FAIL_ALPHA, Verdict

SEED = 20261129
LOOSE_ALPHA = 0.05  # of one gate that is used alone
RISING_SHARE = [0.05] * 60 + [0.2] * 60 + [0.5] * 60
RISING_RATE = [0.005] * 60 + [0.02] * 60 + [0.05] * 60

EQUAL_ERRORS = Requests(0.01, 0.01, looks=200, requests_a_look=50)
TENFOLD_ERRORS = Requests(0.10, 0.01, looks=200, requests_a_look=10)
RISING_ERRORS = Requests(RISING_RATE, RISING_RATE, looks=180, requests_a_look=100, share=RISING_SHARE)
EQUAL_ACCURACY = Requests(0.05, 0.05, looks=200, requests_a_look=25)
WORSE_BY_TEN = Requests(0.15, 0.05, looks=200, requests_a_look=20)
WORSE_BY_FIVE = Requests(0.15, 0.10, looks=600, requests_a_look=50)
QUIET_WINDOWS = Requests(0.05, 0.05, looks=200, requests_a_look=1)
DRIFTING_WINDOWS = Requests(0.5, 0.5, looks=200, requests_a_look=1)
AT_THE_MARGIN = Requests(0.10, 0.05, looks=200, requests_a_look=50)


@dataclass(frozen=True)
class Figure:
    """How often something was the verdict, and after how much."""

    played: str
    verdict: str
    endings: list[Ending]
    unit: str

    @property
    def share(self) -> float:
        """Return the share of the releases with this verdict."""
        return share_of(self.endings)

    @property
    def median(self) -> float:
        """Return the median number of units until it, of those."""
        return median_of(self.endings)


def coins(played: str, unit: str, requests: Requests, alpha: float, runs: int) -> Figure:
    """Play releases whose bad events are judged as coins."""
    endings = repeat(SEED, runs, lambda random: until_coins_fail(requests.draw(random), alpha))
    return Figure(f"{played}; a gate's alpha {alpha:g}", "fail", endings, unit)


def of_coins(runs: int) -> list[Figure]:
    """Play failed requests and wrong labels, of both alphas."""
    return [
        coins(played, unit, requests, alpha, runs)
        for played, unit, requests in (
            ("errors 1 % and 1 %", "requests", EQUAL_ERRORS),
            ("errors rise from 0.5 to 5 % on both while the share rises", "requests", RISING_ERRORS),
            ("errors 10 % and 1 %", "requests", TENFOLD_ERRORS),
            ("accuracy 0.95 and 0.95", "labels", EQUAL_ACCURACY),
            ("accuracy 0.85 and 0.95", "labels", WORSE_BY_TEN),
            ("accuracy 0.85 and 0.90", "labels", WORSE_BY_FIVE),
        )
        for alpha in (LOOSE_ALPHA, FAIL_ALPHA)
    ]


def of_accuracy(runs: int) -> list[Figure]:
    """Play the gate that lets pass by labels."""

    def passes(requests: Requests) -> list[Ending]:
        return repeat(
            SEED,
            runs,
            lambda random: until_accuracy(Verdict.PASS, requests.draw(random), FAIL_ALPHA),
        )

    return [
        Figure("accuracy 0.95 and 0.95, margin 0.05", "pass", passes(EQUAL_ACCURACY), "labels"),
        Figure("accuracy 0.90 and 0.95, margin 0.05", "pass", passes(AT_THE_MARGIN), "labels"),
        Figure("accuracy 0.85 and 0.95, margin 0.05", "pass", passes(WORSE_BY_TEN), "labels"),
    ]


def of_latency(runs: int) -> list[Figure]:
    """Play ten minutes of latency."""

    def says(verdict: Verdict, ratio: float) -> Figure:
        endings = repeat(SEED, runs, lambda random: until_latency(verdict, buckets(random, ratio, 120)))
        return Figure(f"latency x{ratio:g}, tolerated x1.2", verdict.value, endings, "s")

    ratios = (1.0, 1.1, 1.2, 1.3, 1.5)
    return [says(verdict, ratio) for ratio in ratios for verdict in (Verdict.FAIL, Verdict.PASS)]


def of_routing(runs: int) -> list[Figure]:
    """Play shares that are right and wrong, and windows that drift alike."""

    def mismatch(served: float) -> Figure:
        endings = repeat(SEED, runs, lambda random: until_mismatch(random, SHARE, served))
        return Figure(f"share {SHARE:g} wanted, {served:g} served, 200 looks", "fail", endings, "requests")

    def drift(requests: Requests) -> list[Ending]:
        return repeat(SEED, runs, lambda random: until_drift(requests.draw(random)))

    return [
        mismatch(0.2),
        mismatch(0.25),
        mismatch(0.8),
        Figure("5 % of 200 windows drift on both", "fail", drift(QUIET_WINDOWS), "windows"),
        Figure("half of 200 windows drift on both", "fail", drift(DRIFTING_WINDOWS), "windows"),
    ]


@dataclass(frozen=True)
class Contrast:
    """How often a candidate that is no worse is blamed by a common test at each look, and by the gate."""

    played: str
    naive: str
    naive_share: float
    gate_share: float


def contrasts(runs: int) -> list[Contrast]:
    """Play candidates that are no worse."""
    return [
        _contrast("errors 1 % and 1 %", "Fisher's test", fisher_at_each_look, EQUAL_ERRORS, runs),
        _contrast(
            "errors rise while the share rises", "Fisher's test", fisher_at_each_look, RISING_ERRORS, runs
        ),
        _contrast("accuracy 0.95 and 0.95", "z-test", z_test_at_each_look, EQUAL_ACCURACY, runs),
    ]


def _contrast(
    played: str, naive: str, test: Callable[[Counted], int | None], requests: Requests, runs: int
) -> Contrast:
    def by_test(random: Random) -> Ending:
        return test(requests.draw(random))

    def by_coins(random: Random) -> Ending:
        return until_coins_fail(requests.draw(random), LOOSE_ALPHA)

    shares = [share_of(repeat(SEED, runs, blame)) for blame in (by_test, by_coins)]
    return Contrast(played, naive, *shares)


@dataclass(frozen=True)
class Releases:
    """How releases of one kind ended: how many by which action and reason, and their median seconds."""

    played: str
    ends: Counter[str]
    seconds: float

    @property
    def most(self) -> str:
        """Return how most of them ended."""
        return self.ends.most_common(1)[0][0]

    def share(self, end: str) -> float:
        """Return the share of those whose end begins with this."""
        return sum(count for one, count in self.ends.items() if one.startswith(end)) / self.ends.total()


GOOD = Slot()
KINDS: Sequence[tuple[str, Slot, Slot, float]] = (
    ("a candidate that is as good", GOOD, GOOD, 0.0),
    ("5 % errors instead of 0.5 %", Slot(failed=0.05), GOOD, 0.0),
    ("5 % slow requests instead of 1 %", Slot(slow=0.05), GOOD, 0.0),
    ("latency x1.5", Slot(seconds=0.075), GOOD, 0.0),
    ("accuracy 0.85 instead of 0.95", Slot(accuracy=0.85), GOOD, 0.0),
    ("accuracy 0.90 instead of 0.95", Slot(accuracy=0.90), GOOD, 0.0),
    ("one label 20 points more often", Slot(labels=(0.6, 0.2, 0.2)), GOOD, 0.0),
    ("confidence 0.75 instead of 0.93", Slot(confidence=0.75), GOOD, 0.0),
    ("drift on the candidate only", Slot(drifted=1.0), GOOD, 0.0),
    ("drift on both", Slot(drifted=1.0), Slot(drifted=1.0), 0.0),
    ("3 points more traffic than wanted", GOOD, GOOD, 0.03),
)


def releases(played: str, candidate: Slot, stable: Slot, extra_share: float, runs: int) -> Releases:
    """Play whole releases of one kind."""
    random = (np.random.default_rng([SEED, run]) for run in range(runs))
    endings = [play(one, candidate, stable, extra_share) for one in random]
    ends = Counter(_end(ending.decision.action, ending.decision.gates) for ending in endings)
    return Releases(played, ends, float(np.median([ending.seconds for ending in endings])))


def _end(action: str, gates: Iterable[str]) -> str:
    return action if action == "promote" else f"{action}: {', '.join(gates)}"


def found_within(candidate_rate: float, stable_rate: float, runs: int) -> list[float]:
    """Return after how many of the candidate's requests each release fails; infinity where it does not."""
    requests = Requests(candidate_rate, stable_rate, looks=400, requests_a_look=50)
    endings = repeat(SEED, runs, lambda random: until_coins_fail(requests.draw(random), FAIL_ALPHA))
    return sorted(np.inf if ending is None else ending * SHARE for ending in endings)
