"""How often the comparison with production is wrong, as the README says."""

import pytest

from retraining.gate.error_rates import ALPHA, MARGIN, rates

REPEATS = 1500


@pytest.mark.parametrize("disagreement", [0.04, 0.08])
@pytest.mark.parametrize("count", [300, 1000, 3000])
def test_an_equal_candidate_is_hardly_ever_refused(count: int, disagreement: float) -> None:
    """In alpha of all cases at most."""
    assert rates(count, disagreement=disagreement, difference=0, repeats=REPEATS).failed <= ALPHA


@pytest.mark.parametrize("disagreement", [0.04, 0.08])
@pytest.mark.parametrize("count", [300, 1000, 3000])
def test_one_at_the_margin_is_cleared_in_alpha_of_all_cases(count: int, disagreement: float) -> None:
    """Within what so many repeats can tell."""
    found = rates(count, disagreement=disagreement, difference=-MARGIN, repeats=REPEATS)
    assert 0.02 < found.passed < ALPHA + 0.02


def test_one_three_points_worse_is_never_cleared_and_soon_refused() -> None:
    """Half of the time with 300 examples, nearly always with 3000."""
    few, some, many = (
        rates(count, disagreement=0.08, difference=-0.03, repeats=REPEATS) for count in (300, 1000, 3000)
    )
    assert max(few.passed, some.passed, many.passed) < 0.02
    assert few.failed == pytest.approx(0.51, abs=0.05)
    assert some.failed == pytest.approx(0.87, abs=0.04)
    assert many.failed > 0.95


def test_an_equal_one_is_cleared_with_many_examples() -> None:
    """A third of the time with 300, nearly always with 3000."""
    few, many = (rates(count, disagreement=0.08, difference=0, repeats=REPEATS) for count in (300, 3000))
    assert few.passed == pytest.approx(0.32, abs=0.05)
    assert many.passed > 0.97
    assert few.failed + few.passed + few.undecided == pytest.approx(1)
