"""How long the candidate takes."""

import numpy as np
import pytest

from retraining.check import Verdict
from retraining.gate.evidence import Latencies
from retraining.gate.latency import latency


def measured(*ratios: float) -> Latencies:
    """Return repeats in which the candidate took so many times production's time, which grows."""
    production = np.linspace(0.01, 0.05, len(ratios))
    return Latencies(production, production * np.array(ratios))


def test_slower_in_each_of_five_repeats_fails() -> None:
    """However busy the machine was in each."""
    check = latency(measured(1.5, 1.9, 1.6, 1.7, 1.8), ratio=1.3, alpha=0.05)
    assert check.verdict is Verdict.FAIL
    assert check.numbers["ratio"] == pytest.approx(1.7)
    assert check.numbers["lower"] == pytest.approx(1.5)
    assert check.numbers["upper"] == pytest.approx(1.9)
    assert "takes 1.70 times as long as production (1.50 to 1.90 in 5 repeats; 48 ms an input)" in check.why


def test_a_median_at_the_limit_passes_whatever_one_repeat_says() -> None:
    """A single slow one is the machine's."""
    assert latency(measured(1.0, 1.0, 1.3, 1.3, 9.0), ratio=1.3, alpha=0.05).verdict is Verdict.PASS


def test_a_median_above_the_limit_within_the_noise_is_insufficient() -> None:
    """Two of five repeats were fast enough."""
    check = latency(measured(1.0, 1.1, 1.5, 1.6, 1.7), ratio=1.3, alpha=0.05)
    assert check.verdict is Verdict.INSUFFICIENT
    assert "within the noise" in check.why


def test_four_repeats_are_too_few() -> None:
    """All four are above the median in one of sixteen cases."""
    check = latency(measured(9, 9, 9, 9), ratio=1.3, alpha=0.05)
    assert (check.verdict, check.why) == (Verdict.INSUFFICIENT, "4 repeats were measured: 5 are needed.")


@pytest.mark.parametrize(("repeats", "outside"), [(5, 0), (7, 0), (8, 1), (11, 2), (20, 5), (30, 10)])
def test_bounds_are_those_of_the_sign_test(repeats: int, outside: int) -> None:
    """So many of the smallest are left out as Conover's table for one side of 5 % does."""
    ratios = np.linspace(1, 2, repeats)
    check = latency(measured(*ratios), ratio=1.3, alpha=0.05)
    assert check.numbers["lower"] == pytest.approx(ratios[outside])
    assert check.numbers["upper"] == pytest.approx(ratios[-1 - outside])
