"""The gate of the shares that were served."""

import math

import pytest

from release.verdict.gate import Verdict
from release.verdict.sample_ratio import Served, log_evidence, sample_ratio


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_expectation_is_one_where_the_share_is_right(share: float) -> None:
    """By every outcome of thirty requests."""
    requests = 30
    expected = sum(
        math.comb(requests, x)
        * share**x
        * (1 - share) ** (requests - x)
        * math.exp(log_evidence(Served(share, x, requests - x)))
        for x in range(requests + 1)
    )
    assert expected == pytest.approx(1, abs=1e-9)


def test_the_wanted_share_passes() -> None:
    """To the request, and as chance has it."""
    gate = sample_ratio([Served(0.2, 2000, 8000)])
    assert gate.verdict is Verdict.PASS
    assert gate.numbers["evidence"] < 1
    assert sample_ratio([Served(0.2, 2080, 7920)]).verdict is Verdict.PASS


def test_another_share_fails() -> None:
    """Two points of ten thousand requests are no chance."""
    gate = sample_ratio([Served(0.2, 2250, 7750)])
    assert gate.verdict is Verdict.FAIL
    assert gate.numbers["share"] == 0.225
    assert gate.numbers["wanted_share"] == pytest.approx(0.2)
    assert "swapped" not in gate.why


def test_swapped_slots_fail_at_once_and_say_so() -> None:
    """Fifty requests suffice."""
    gate = sample_ratio([Served(0.2, 40, 10)])
    assert gate.verdict is Verdict.FAIL
    assert "swapped" in gate.why


@pytest.mark.parametrize(("candidate", "swapped"), [(450, False), (600, True)])
def test_slots_look_swapped_where_the_other_share_is_nearer(candidate: int, swapped: bool) -> None:
    """Of 0.2 and 0.8, what was served is nearer to 0.8 from a half on."""
    assert ("swapped" in sample_ratio([Served(0.2, candidate, 1000 - candidate)]).why) is swapped


def test_shares_of_steps_are_not_mixed() -> None:
    """Each step was as wanted; and two that were wrong in opposite ways do not make up for each other."""
    assert sample_ratio([Served(0.05, 50, 950), Served(0.5, 500, 500)]).verdict is Verdict.PASS
    assert sample_ratio([Served(0.05, 500, 500), Served(0.5, 50, 950)]).verdict is Verdict.FAIL


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_all_for_one_slot_is_no_draw(share: float) -> None:
    """What one slot alone was given cannot be judged, and is empty."""
    gate = sample_ratio([Served(share, 10, 10)])
    assert (gate.verdict, gate.empty) == (Verdict.INSUFFICIENT, True)


@pytest.mark.parametrize("served", [(1.2, 1, 1), (-0.1, 1, 1), (math.nan, 1, 1), (0.2, -1, 1), (0.2, 1, -1)])
def test_impossible_numbers_are_refused(served: tuple[float, int, int]) -> None:
    """They are an error and no verdict."""
    with pytest.raises(ValueError, match="a share is from 0 to 1"):
        Served(*served)
