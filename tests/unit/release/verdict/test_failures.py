"""The gates of failed and of slow requests."""

import math

import pytest

from release.verdict.coins import Arm, Coins, Look, coins
from release.verdict.failures import error_rate, slow_requests
from release.verdict.gate import Verdict


def counted(candidate: tuple[int, int], stable: tuple[int, int]) -> Coins:
    return coins([Look(Arm(*candidate), Arm(*stable))])


def test_ten_times_as_many_failures_fail() -> None:
    """With the rates of both, and the evidence that was too much."""
    gate = error_rate(counted((200, 20), (800, 8)))
    assert gate.verdict is Verdict.FAIL
    assert gate.numbers["candidate_rate"] == 0.1
    assert gate.numbers["stable_rate"] == 0.01
    assert gate.numbers["evidence"] >= gate.numbers["threshold"] == 100
    assert "20 of the candidate's 200 requests failed, 8 of the stable slot's 800" in gate.why


def test_equal_rates_pass() -> None:
    """One in a hundred of both."""
    assert error_rate(counted((400, 4), (1600, 16))).verdict is Verdict.PASS


def test_evidence_needs_no_least_number() -> None:
    """A candidate that answers nothing is not asked for two hundred more failures."""
    assert error_rate(counted((12, 12), (48, 0))).verdict is Verdict.FAIL


def test_a_handful_of_failures_is_no_evidence() -> None:
    """Too little never fails: the first failures of a quiet service may be anybody's."""
    assert error_rate(counted((3, 3), (12, 0))).verdict is Verdict.INSUFFICIENT


@pytest.mark.parametrize(("candidate", "stable"), [(199, 800), (800, 199)])
def test_too_few_requests_of_either_slot_do_not_pass(candidate: int, stable: int) -> None:
    """Both must have had the chance to fail."""
    gate = error_rate(counted((candidate, 0), (stable, 0)), least_requests=200)
    assert (gate.verdict, gate.empty) == (Verdict.INSUFFICIENT, False)


def test_no_request_at_all_is_empty() -> None:
    """With numbers that all are numbers."""
    gate = error_rate(Coins())
    assert (gate.verdict, gate.empty) == (Verdict.INSUFFICIENT, True)
    assert not any(math.isnan(number) for number in gate.numbers.values())


def test_smaller_alpha_wants_more_evidence() -> None:
    """What fails one plan passes another."""
    some = counted((200, 9), (800, 8))
    assert 20 < some.evidence < 1000
    assert error_rate(some, alpha=0.05).verdict is Verdict.FAIL
    assert error_rate(some, alpha=0.001).verdict is Verdict.PASS


def test_slow_requests_are_judged_alike() -> None:
    """Under their own name and verb."""
    gate = slow_requests(counted((200, 20), (800, 8)))
    assert (gate.name, gate.verdict) == ("slow_requests", Verdict.FAIL)
    assert "were slow" in gate.why
