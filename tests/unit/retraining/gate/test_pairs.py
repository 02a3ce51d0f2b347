"""Two models on the same examples."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binom  # type: ignore[import-untyped]

from retraining.check import Verdict
from retraining.gate.pairs import Pairs, holm, not_worse, pairs

# Complete response before and after consolidation therapy, Cavo et al. (2012), as worked out by Fagerland,
# Lydersen & Laake (2017), "Statistical Analysis of Contingency Tables", chapter 8.
THERAPY = Pairs(161, lost=16, gained=6)
# Airway hyper-responsiveness before and after transplantation, Bentur et al. (2009), of the same chapter.
AIRWAYS = Pairs(21, lost=7, gained=1)
# Approval of the prime minister in two surveys, Agresti, "Categorical Data Analysis" (2002), table 10.1.
SURVEYS = Pairs(1600, lost=150, gained=86)


def test_p_value_is_that_of_published_examples() -> None:
    """Theirs are two-sided: twice ours."""
    assert 2 * THERAPY.p_value == pytest.approx(0.052479, abs=1e-6)
    assert 2 * AIRWAYS.p_value == pytest.approx(0.0703, abs=1e-4)
    assert SURVEYS.p_value < 0.0001
    assert SURVEYS.difference == -0.04


def test_bound_is_that_of_a_published_example() -> None:
    """Tango's interval of 95 % has 97.5 % on each side; the other side is that of the models swapped."""
    assert THERAPY.lower(0.025) == pytest.approx(-0.1240, abs=5e-5)
    assert -Pairs(161, lost=6, gained=16).lower(0.025) == pytest.approx(-0.0054, abs=5e-5)


@pytest.mark.parametrize(("lost", "gained"), [(0, 0), (0, 9), (9, 0), (3, 8), (40, 31), (300, 260)])
def test_p_value_is_the_binomial_tail(lost: int, gained: int) -> None:
    """At least so many heads."""
    expected = binom.sf(lost - 1, lost + gained, 0.5)
    assert Pairs(1000, lost, gained).p_value == pytest.approx(expected, rel=1e-9)


def test_p_value_of_very_many_is_a_number() -> None:
    """Neither too large for a float nor 0 where it is small."""
    assert Pairs(10_000, 2_000, 2_000).p_value == pytest.approx(0.5, abs=0.01)
    assert 0 < Pairs(10_000, 1_500, 500).p_value < 1e-100


def test_bound_is_where_the_score_of_the_likeliest_table_is_the_quantile() -> None:
    """The table that explains the counts best, of those with that difference, is searched for on a grid."""
    found = Pairs(200, lost=12, gained=5)
    bound = found.lower(0.05)
    lost = np.linspace(1e-6, (1 + bound) / 2 - bound - 1e-6, 400_001)
    gained = lost + bound
    possible = gained > 0
    lost, gained = lost[possible], gained[possible]
    likelihood = 12 * np.log(lost) + 5 * np.log(gained) + 183 * np.log(1 - lost - gained)
    best = int(likelihood.argmax())
    variance = (lost[best] + gained[best] - bound**2) * 200
    assert (5 - 12 - 200 * bound) / math.sqrt(variance) == pytest.approx(1.6449, abs=1e-3)


def test_bound_grows_with_what_is_gained_and_stays_within_minus_one_and_one() -> None:
    """Also where all examples differ, or none."""
    bounds = [Pairs(50, lost, 50 - lost).lower(0.05) for lost in range(50, -1, -1)]
    assert all(one < two for one, two in pairwise(bounds))
    assert bounds[0] == -1
    assert bounds[-1] < 1
    nothing_differs = Pairs(50, 0, 0).lower(0.05)
    assert nothing_differs == pytest.approx(-(1.64485**2) / (50 + 1.64485**2), abs=1e-4)


def test_pairs_counts_what_one_model_alone_has_right() -> None:
    """What both have right or wrong makes no difference."""
    production = np.array([True, True, True, False, False])
    candidate = np.array([True, False, False, True, False])
    assert pairs(production, candidate) == Pairs(5, lost=2, gained=1)


def test_impossible_counts_are_an_error() -> None:
    """Never a verdict."""
    with pytest.raises(ValueError, match="no more can differ"):
        Pairs(5, 3, 3)
    with pytest.raises(ValueError, match="no more can differ"):
        Pairs(5, -1, 3)


def test_holm_corrects_as_published() -> None:
    """Four p-values: 4 x 0.005, 3 x 0.01, 2 x 0.03, and the last one not below the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_shown_to_be_worse_fails() -> None:
    """Five points at a thousand examples, with the numbers to check it by."""
    check = not_worse("accuracy", "golden", Pairs(1000, 70, 20), margin=0.02, alpha=0.05)
    assert check.verdict is Verdict.FAIL
    assert check.numbers["difference"] == -0.05
    assert (check.numbers["lost"], check.numbers["gained"]) == (70, 20)
    assert "lost 70 that production has right and gained 20: -5.0 points, more than 2 fewer" in check.why


def test_a_certain_difference_within_the_margin_passes() -> None:
    """One point of thirty thousand is no chance, and nobody minds it."""
    check = not_worse("accuracy", "golden", Pairs(30_000, 900, 600), margin=0.02, alpha=0.05)
    assert check.verdict is Verdict.PASS
    assert check.numbers["p_value"] < 1e-6
    assert -0.02 < check.numbers["lower"] < -0.01


def test_beyond_the_margin_but_not_beyond_chance_is_insufficient() -> None:
    """Three of a hundred lost, one gained: 2 points fewer than the margin allows, and 4 that differ."""
    check = not_worse("accuracy", "golden", Pairs(100, 4, 1), margin=0.02, alpha=0.05)
    assert check.verdict is Verdict.INSUFFICIENT
    assert check.numbers["p_value"] > 0.05
    assert "more examples would tell" in check.why


def test_equal_on_few_examples_is_insufficient_and_on_many_passes() -> None:
    """That no difference is seen shows none to be small."""
    few = not_worse("accuracy", "golden", Pairs(150, 6, 6), margin=0.02, alpha=0.05)
    many = not_worse("accuracy", "golden", Pairs(3000, 120, 120), margin=0.02, alpha=0.05)
    assert (few.verdict, many.verdict) == (Verdict.INSUFFICIENT, Verdict.PASS)


def test_a_corrected_p_value_takes_the_place_of_the_pairs_own() -> None:
    """What one test would blame, ten may not."""
    found = Pairs(100, 11, 3)
    assert found.p_value < 0.05
    assert not_worse("", "", found, margin=0.05, alpha=0.05).verdict is Verdict.FAIL
    assert not_worse("", "", found, margin=0.05, alpha=0.05, p_value=0.3).verdict is Verdict.INSUFFICIENT
