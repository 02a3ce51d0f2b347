"""Whether the candidate is slower than the stable slot, or than a number."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from release.verdict.confidence_sequence import of_mean
from release.verdict.gate import FAIL_ALPHA, PASS_ALPHA, Gate, Verdict, defined

BUCKET_SECONDS = 5
LEAST_BUCKETS = 10
TIGHTEST_AT = 40.0  # buckets


@dataclass(frozen=True)
class Answers:
    """How many requests a slot answered well, and their seconds in sum; ValueError where that cannot be."""

    requests: int
    seconds: float

    def __post_init__(self) -> None:
        if not (0 <= self.requests < math.inf and 0 <= self.seconds < math.inf):
            raise ValueError(
                f"{self.requests} requests in {self.seconds} s: neither is below 0 or without end"
            )

    @property
    def mean(self) -> float:
        """Return the mean seconds; NaN without requests."""
        return self.seconds / self.requests if self.requests else math.nan


@dataclass(frozen=True)
class Bucket:
    """What both slots answered in the same BUCKET_SECONDS."""

    candidate: Answers
    stable: Answers


def latency(buckets: Sequence[Bucket], *, tolerated: float = 1.2) -> Gate:
    """Fail where the candidate's mean latency is above `tolerated` times the stable slot's, pass where below.

    Neither is shown: insufficient. A value is the logarithm of the two means' ratio in one bucket: requests
    of the same seconds wait for the same things, so single ones are no independent values, and a busy time is
    busy for both. Buckets in which a slot answered nothing do not count. For the bounds see
    `confidence_sequence.width`.
    """
    values = [
        math.log(bucket.candidate.mean / bucket.stable.mean)
        for bucket in buckets
        if min(bucket.candidate.seconds, bucket.stable.seconds) > 0
        and min(bucket.candidate.requests, bucket.stable.requests) > 0
    ]
    numbers = defined(buckets=len(values), tolerated=tolerated)
    if len(values) < LEAST_BUCKETS:
        why = f"Both slots answered in {len(values)} times of {BUCKET_SECONDS} s: {LEAST_BUCKETS} are needed."
        empty = not any(bucket.candidate.requests or bucket.stable.requests for bucket in buckets)
        return Gate("latency", Verdict.INSUFFICIENT, why, numbers, empty)
    found = of_mean(values, TIGHTEST_AT)
    bounds = found.value, found.lower(FAIL_ALPHA), found.upper(PASS_ALPHA)
    ratio, lower, upper = map(math.exp, bounds)
    numbers |= defined(ratio=ratio, lower=lower, upper=upper)
    said = (
        f"The candidate takes {ratio:.2f} times as long as the stable slot ({lower:.2f} to {upper:.2f}, "
        f"{len(values)} times of {BUCKET_SECONDS} s)"
    )
    if lower > tolerated:
        return Gate("latency", Verdict.FAIL, f"{said}: more than {tolerated:g} times.", numbers)
    if upper > tolerated:
        why = f"{said}: whether that is above {tolerated:g} times is not clear yet."
        return Gate("latency", Verdict.INSUFFICIENT, why, numbers)
    return Gate("latency", Verdict.PASS, f"{said}: less than {tolerated:g} times.", numbers)


def mean_latency(answers: Answers, *, most_seconds: float = 0.5, least_requests: int = 50) -> Gate:
    """Fail where the candidate's successful requests of the interval took longer than this in the mean.

    A plain comparison of one number with another, at the interval's end: looked at often it fails by chance.
    """
    numbers = defined(
        candidate_requests=answers.requests,
        candidate_seconds=answers.seconds,
        mean_seconds=answers.mean,
        most_seconds=most_seconds,
    )
    if answers.requests < least_requests:
        why = f"The candidate answered {answers.requests} requests: {least_requests} are needed."
        return Gate("mean_latency", Verdict.INSUFFICIENT, why, numbers, empty=not answers.requests)
    slow = answers.mean > most_seconds
    why = (
        f"{answers.requests} good answers of the candidate took {answers.mean * 1000:.1f} ms on average, "
        f"{'more' if slow else 'not more'} than {most_seconds * 1000:g} ms."
    )
    return Gate("mean_latency", Verdict.FAIL if slow else Verdict.PASS, why, numbers)
