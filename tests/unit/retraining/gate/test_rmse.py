"""How far a regressor is off."""

import numpy as np
import pytest

from retraining.check import Verdict
from retraining.gate.evidence import Values
from retraining.gate.rmse import below_limit, rmse


def off(count: int, *, production: float, candidate: float, seed: int = 1, shared: float = 0.8) -> Values:
    """Return values of two models that are off by so much, in good part by the same noise."""
    generator = np.random.default_rng(seed)
    noise, *own = generator.normal(size=(3, count))
    errors = [np.sqrt(shared) * noise + np.sqrt(1 - shared) * one for one in own]
    targets = generator.uniform(0, 10, count)
    ids = [str(row) for row in range(count)]
    return Values("golden", ids, targets, targets + production * errors[0], targets + candidate * errors[1])


def test_error_is_the_root_of_the_mean_square() -> None:
    """Of 3 and 4: 3.54."""
    values = Values("golden", ["a", "b"], np.zeros(2), np.ones(2), np.array([3.0, -4.0]))
    assert below_limit(values, limit=3.53).verdict is Verdict.FAIL
    check = below_limit(values, limit=3.54)
    assert check.verdict is Verdict.PASS
    assert check.numbers["rmse"] == pytest.approx(12.5**0.5)


def test_a_fifth_more_fails() -> None:
    """On a thousand examples that is no chance."""
    check = rmse(off(1000, production=1, candidate=1.2), share=0.05, alpha=0.05)
    assert check.verdict is Verdict.FAIL
    assert 1 < check.numbers["lower"] < check.numbers["ratio"] < check.numbers["upper"]
    assert check.numbers["ratio"] == pytest.approx(check.numbers["rmse"] / check.numbers["production_rmse"])


def test_a_certain_difference_within_the_share_passes() -> None:
    """Two per cent more, of errors that are nearly the same."""
    check = rmse(off(3000, production=1, candidate=1.02, shared=0.999), share=0.05, alpha=0.05)
    assert check.verdict is Verdict.PASS
    assert check.numbers["lower"] > 1


def test_equal_on_few_examples_is_insufficient() -> None:
    """It may be more than five per cent worse."""
    check = rmse(off(40, production=1, candidate=1), share=0.05, alpha=0.05)
    assert check.verdict is Verdict.INSUFFICIENT
    assert check.numbers["upper"] > 1.05


def test_bounds_miss_on_one_side_in_about_alpha_of_all_cases() -> None:
    """Of 50 pairs of equal models, and never much more often."""
    found = [
        rmse(off(120, production=1, candidate=1, seed=seed), share=0.05, alpha=0.05) for seed in range(50)
    ]
    assert 0 < np.mean([one.numbers["lower"] > 1 for one in found]) < 0.12
    assert 0 < np.mean([one.numbers["upper"] < 1 for one in found]) < 0.12
    assert np.mean([one.verdict is Verdict.FAIL for one in found]) < 0.1


def test_a_perfect_production_is_matched_by_a_perfect_candidate_only() -> None:
    """Nothing is divided by zero."""
    targets = np.arange(100.0)
    ids = [str(row) for row in range(100)]
    same = rmse(Values("golden", ids, targets, targets, targets), share=0.05, alpha=0.05)
    worse = rmse(Values("golden", ids, targets, targets, targets + 1), share=0.05, alpha=0.05)
    assert (same.verdict, worse.verdict) == (Verdict.PASS, Verdict.FAIL)
    assert "ratio" not in worse.numbers


def test_no_examples_are_insufficient() -> None:
    """Of either check."""
    none = off(0, production=1, candidate=1)
    assert rmse(none, share=0.05, alpha=0.05).verdict is Verdict.INSUFFICIENT
    assert below_limit(none, limit=1).verdict is Verdict.INSUFFICIENT
