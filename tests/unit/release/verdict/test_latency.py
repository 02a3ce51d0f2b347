"""The gates of latency: against the stable slot, and against a number."""

import math

import pytest

from release.verdict.gate import Gate, Verdict
from release.verdict.latency import Answers, Bucket, latency, mean_latency


def buckets(*ratios: float) -> list[Bucket]:
    return [Bucket(Answers(20, 20 * 0.05 * ratio), Answers(80, 80 * 0.05)) for ratio in ratios]


def around(ratio: float, count: int) -> list[Bucket]:
    return buckets(*(ratio * (1.03 if index % 2 else 1 / 1.03) for index in range(count)))


def check(gate: Gate, verdict: Verdict) -> None:
    assert (gate.name, gate.verdict) == ("latency", verdict), gate


def test_half_as_slow_again_fails() -> None:
    """With the ratio and its bounds."""
    gate = latency(around(1.5, 20))
    check(gate, Verdict.FAIL)
    assert gate.numbers["ratio"] == pytest.approx(1.5)
    assert "20 times of 5 s" in gate.why
    assert 1.2 < gate.numbers["lower"] < 1.5 < gate.numbers["upper"]


def test_as_fast_passes() -> None:
    """And so does a tenth slower: 1.2 is tolerated."""
    check(latency(around(1.0, 20)), Verdict.PASS)
    check(latency(around(1.1, 20)), Verdict.PASS)


def test_what_is_tolerated_is_the_plans() -> None:
    """A ratio above it fails, below it passes."""
    check(latency(around(1.5, 20), tolerated=2), Verdict.PASS)
    check(latency(around(1.5, 20), tolerated=1.1), Verdict.FAIL)


def test_neither_is_clear_near_what_is_tolerated() -> None:
    """Then nothing is said, and it is not empty."""
    gate = latency(around(1.2, 20))
    check(gate, Verdict.INSUFFICIENT)
    assert not gate.empty


def test_ten_buckets_are_needed() -> None:
    """However plain nine are."""
    check(latency(around(3, 9)), Verdict.INSUFFICIENT)
    check(latency(around(3, 10)), Verdict.FAIL)


def test_a_busy_time_is_busy_for_both() -> None:
    """All becomes ten times as slow at once: the ratio stays."""
    busy = [
        Bucket(Answers(20, one.candidate.seconds * 10), Answers(80, one.stable.seconds * 10))
        for one in around(1.0, 10)
    ]
    gate = latency([*around(1.0, 10), *busy])
    check(gate, Verdict.PASS)
    assert gate.numbers["ratio"] == pytest.approx(1.0)


def test_buckets_without_an_answer_do_not_count() -> None:
    """Of either slot."""
    silent = [
        Bucket(Answers(0, 0), Answers(80, 4)),
        Bucket(Answers(20, 1), Answers(0, 0)),
        Bucket(Answers(20, 1), Answers(0, 1)),
    ]
    gate = latency(silent * 20)
    check(gate, Verdict.INSUFFICIENT)
    assert not gate.empty
    assert latency([Bucket(Answers(0, 0), Answers(0, 0))]).empty
    assert latency([*around(1.5, 20), *silent]).numbers["buckets"] == 20


def test_buckets_without_a_second_do_not_count() -> None:
    """A clock too coarse for a slot's answers shows no ratio."""
    instant = [Bucket(Answers(20, 0.0), Answers(80, 4.0)), Bucket(Answers(20, 1.0), Answers(80, 0.0))]
    assert latency(instant * 20).verdict is Verdict.INSUFFICIENT


def test_slots_swapped_do_not_fail() -> None:
    """A slow stable slot does not speak against the candidate."""
    check(latency(around(1 / 1.5, 20)), Verdict.PASS)


@pytest.mark.parametrize(("requests", "seconds"), [(-1, 0.0), (1, -0.1), (1, math.nan), (1, math.inf)])
def test_impossible_sums_are_refused(requests: int, seconds: float) -> None:
    """A counter that was reset, or no number at all, is an error and no verdict."""
    with pytest.raises(ValueError, match="neither is below 0"):
        Answers(requests, seconds)


@pytest.mark.parametrize(("milliseconds", "verdict"), [(500, Verdict.PASS), (501, Verdict.FAIL)])
def test_mean_latency_is_a_threshold(milliseconds: int, verdict: Verdict) -> None:
    """Up to 500 ms over the interval pass."""
    gate = mean_latency(Answers(1000, float(milliseconds)))
    assert gate.verdict is verdict
    assert gate.numbers["mean_seconds"] == milliseconds / 1000
    assert f"{milliseconds}.0 ms" in gate.why


def test_mean_latency_needs_requests() -> None:
    """A single slow one rolls nothing back, and no request is empty."""
    assert mean_latency(Answers(49, 490)).verdict is Verdict.INSUFFICIENT
    assert mean_latency(Answers(50, 500)).verdict is Verdict.FAIL
    gate = mean_latency(Answers(0, 0))
    assert (gate.verdict, gate.empty) == (Verdict.INSUFFICIENT, True)
    assert "mean_seconds" not in gate.numbers
