"""One gate at a time, looked at again and again, as a release does it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from release.verdict.coins import Arm, Coins, Look, coins
from release.verdict.feedback import accuracy
from release.verdict.gate import Verdict
from release.verdict.inputs import drifted_windows
from release.verdict.latency import BUCKET_SECONDS, Answers, Bucket, latency
from release.verdict.sample_ratio import Served, sample_ratio

Random = np.random.Generator
Counts = NDArray[np.int64]
Ending = float | None  # after how many requests, labels or seconds; None: not at all
SHARE = 0.2


@dataclass(frozen=True)
class Counted:
    """What both slots counted in each look of a release, (looks,) each."""

    candidate: Counts
    candidate_bad: Counts
    stable: Counts
    stable_bad: Counts

    def looks(self) -> Iterator[Look]:
        """Return the looks, as the gates take them."""
        columns = (self.candidate, self.candidate_bad, self.stable, self.stable_bad)
        for one, one_bad, two, two_bad in zip(*(column.tolist() for column in columns), strict=True):
            yield Look(Arm(one, one_bad), Arm(two, two_bad))


@dataclass(frozen=True)
class Requests:
    """Requests of both slots, with what share of each is bad; lists are one number a look."""

    candidate_rate: float | list[float]
    stable_rate: float | list[float]
    looks: int
    requests_a_look: int
    share: float | list[float] = SHARE

    def draw(self, random: Random) -> Counted:
        """Play a release."""
        share, one_rate, two_rate = (
            np.broadcast_to(values, self.looks)
            for values in (self.share, self.candidate_rate, self.stable_rate)
        )
        one = random.binomial(self.requests_a_look, share)
        two = self.requests_a_look - one
        return Counted(one, random.binomial(one, one_rate), two, random.binomial(two, two_rate))


def until_coins_fail(counted: Counted, alpha: float) -> Ending:
    """Return after how many requests of both slots the evidence is enough."""
    coins = Coins()
    for look in counted.looks():
        coins = coins.after(look)
        if coins.evidence >= 1 / alpha:
            return float(coins.candidate.requests + coins.stable.requests)
    return None


def until_accuracy(verdict: Verdict, counted: Counted, fail_alpha: float, margin: float = 0.05) -> Ending:
    """Return after how many labels of both slots the gate first says so, and said nothing else before."""
    coins = Coins()
    for look in counted.looks():
        coins = coins.after(look)
        gate = accuracy([coins], margin=margin, fail_alpha=fail_alpha)
        if gate.verdict is not Verdict.INSUFFICIENT:
            labels = float(coins.candidate.requests + coins.stable.requests)
            return labels if gate.verdict is verdict else None
    return None


def mean_seconds(random: Random, ratio: float, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both slots' mean latency in so many buckets: of a common load, and slow times of its own."""
    load = _wandering(random, count, 0.3)
    stable = 0.05 * np.exp(load + _wandering(random, count, 0.1))
    return ratio * 0.05 * np.exp(load + _wandering(random, count, 0.1)), stable


def answers(random: Random, mean: float, requests: int) -> Answers:
    """Return requests whose seconds have a deviation of 60 % of their mean."""
    return (
        Answers(requests, mean * 0.36 * float(random.gamma(requests / 0.36))) if requests else Answers(0, 0.0)
    )


def buckets(random: Random, ratio: float, count: int, requests_a_second: int = 25) -> list[Bucket]:
    """Return so many buckets, with a candidate that takes `ratio` times as long."""
    requests = requests_a_second * BUCKET_SECONDS
    candidate = random.binomial(requests, SHARE, count).tolist()
    return [
        Bucket(answers(random, one, number), answers(random, two, requests - number))
        for one, two, number in zip(*mean_seconds(random, ratio, count), candidate, strict=True)
    ]


def _wandering(random: Random, count: int, deviation: float) -> NDArray[np.float64]:
    """Return (count,) values that go up and down slowly: each keeps 0.6 of the one before."""
    values = np.empty(count)
    value = random.normal(0, deviation)
    for index, step in enumerate(random.normal(0, deviation * 0.8, count)):
        values[index] = value
        value = 0.6 * value + step
    return values


def until_latency(verdict: Verdict, served: list[Bucket]) -> Ending:
    """Return after how many seconds the gate first says so, and said nothing else before."""
    for count in range(10, len(served) + 1):
        gate = latency(served[:count])
        if gate.verdict is not Verdict.INSUFFICIENT:
            return float(count * BUCKET_SECONDS) if gate.verdict is verdict else None
    return None


def until_mismatch(random: Random, wanted: float, served: float, looks: int = 200) -> Ending:
    """Return after how many requests the sample ratio is found wrong, with 50 requests a look."""
    candidate = np.cumsum(random.binomial(50, served, looks)).tolist()
    for index, count in enumerate(candidate, start=1):
        if sample_ratio([Served(wanted, count, 50 * index - count)]).verdict is Verdict.FAIL:
            return float(50 * index)
    return None


def until_drift(counted: Counted) -> Ending:
    """Return after how many windows of both slots the gate fails; a step's are counted together."""
    columns = (counted.candidate, counted.candidate_bad, counted.stable, counted.stable_bad)
    for one, one_bad, two, two_bad in zip(*(np.cumsum(column).tolist() for column in columns), strict=True):
        if drifted_windows(coins([Look(Arm(one, one_bad), Arm(two, two_bad))])).verdict is Verdict.FAIL:
            return float(one + two)
    return None


def repeat(seed: int, runs: int, play: Callable[[Random], Ending]) -> list[Ending]:
    """Play so many releases, each with its own random numbers."""
    return [play(np.random.default_rng([seed, run])) for run in range(runs)]


def share_of(endings: list[Ending]) -> float:
    """Return the share of the releases that ended so."""
    return sum(ending is not None for ending in endings) / len(endings)


def median_of(endings: list[Ending]) -> float:
    """Return the median of those that ended so; NaN where none did."""
    ended = [ending for ending in endings if ending is not None]
    return float(np.median(ended)) if ended else float("nan")
