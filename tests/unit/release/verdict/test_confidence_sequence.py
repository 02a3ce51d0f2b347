"""Means, and bounds that hold at every look."""

import math

import pytest

from release.verdict.confidence_sequence import Mean, Step, of_difference, of_mean, width


def step(candidate: tuple[int, float], stable: tuple[int, float]) -> Step:
    return Step(Mean(*candidate), Mean(*stable))


def test_width_is_the_papers_one_sided_boundary() -> None:
    """As it is printed, in the paper's own letters, for values of variance 1."""
    t, alpha, tightest_at = 700, 0.025, 500.0
    rho2 = (-2 * math.log(2 * alpha) + math.log(-2 * math.log(2 * alpha) + 1)) / tightest_at
    boundary = math.sqrt(
        2 * (t * rho2 + 1) / (t**2 * rho2) * math.log(1 + math.sqrt(t * rho2 + 1) / (2 * alpha))
    )
    assert width(t, alpha, tightest_at) / math.sqrt(t) == pytest.approx(boundary)


def test_width_is_least_near_where_it_was_asked_to_be() -> None:
    """In standard errors; a fixed-time test would need 1.96 of them."""
    widths = {t: width(t, 0.025, 500.0) for t in (5, 50, 500, 5000, 50_000)}
    assert min(widths, key=lambda t: widths[t]) == 500
    assert 2.5 < widths[500] < 3.5


def test_smaller_alpha_is_wider() -> None:
    """And both bounds are as far from the estimate."""
    found = of_mean([0.1, 0.3, 0.2, 0.4], 10)
    assert found.lower(0.01) < found.lower(0.05) < found.value < found.upper(0.05) < found.upper(0.01)
    assert found.value - found.lower(0.05) == pytest.approx(found.upper(0.05) - found.value)


def test_mean_of_alternating_values_has_the_usual_standard_error() -> None:
    """Neighbours that differ more than chance has it make nothing narrower."""
    found = of_mean([0.0, 1.0] * 10, 10)
    assert found.value == 0.5
    assert found.standard_error == pytest.approx(math.sqrt(20 * 0.25 / 19 / 20))


def test_values_that_follow_each_other_are_worth_less() -> None:
    """The same values in runs have a wider mean: they are fewer independent ones."""
    runs = of_mean([0.0] * 10 + [1.0] * 10, 10)
    mixed = of_mean([0.0, 1.0] * 10, 10)
    assert runs.standard_error > 3 * mixed.standard_error


def test_equal_values_have_no_deviation() -> None:
    """And divide by nothing."""
    assert of_mean([0.25] * 10, 10).standard_error == 0


def test_variance_of_yes_and_no_never_claims_certainty() -> None:
    """200 right answers of 200 leave room for a wrong one; half of them have the variance of a coin."""
    assert Mean(200, 200).variance == pytest.approx(201 / 202 * 1 / 202)
    assert Mean(200, 100).variance == 0.25


def test_difference_in_one_step_is_that_of_the_means() -> None:
    """With the standard error of two independent means."""
    found = of_difference([step((100, 90), (400, 380))], 2000)
    assert found is not None
    assert found.value == pytest.approx(0.90 - 0.95)
    one, two = 91 / 102, 381 / 402
    assert found.standard_error == pytest.approx(math.sqrt(one * (1 - one) / 100 + two * (1 - two) / 400))
    assert found.count == 500


def test_two_like_steps_are_as_sure_as_twice_the_values() -> None:
    """The same estimate, with a standard error that is smaller by the root of two."""
    one = of_difference([step((100, 90), (400, 380))], 2000)
    two = of_difference([step((100, 90), (400, 380))] * 2, 2000)
    assert one is not None
    assert two is not None
    assert two.value == pytest.approx(one.value)
    assert two.standard_error == pytest.approx(one.standard_error / math.sqrt(2))
    assert two.count == 2 * one.count


def test_a_worse_day_is_nobodys_fault() -> None:
    """Both slots are as good in each step, and worse in the second, where the candidate has more traffic.

    In one pot the candidate would be right 83 % of the time and the stable slot 94 %.
    """
    found = of_difference([step((100, 95), (1900, 1805)), step((1000, 800), (100, 80))], 2000)
    assert found is not None
    assert found.value == pytest.approx(0)


def test_a_step_counts_by_its_smaller_side() -> None:
    """One with ten of the candidate's values hardly moves one with a thousand of each."""
    found = of_difference([step((1000, 900), (1000, 900)), step((10, 0), (5000, 5000))], 2000)
    assert found is not None
    assert -0.03 < found.value < 0


def test_no_step_with_both_slots_has_no_difference() -> None:
    """Nothing is compared with nothing."""
    assert of_difference([], 2000) is None
    assert of_difference([step((50, 40), (0, 0)), step((0, 0), (50, 40))], 2000) is None


@pytest.mark.parametrize(("count", "total"), [(-1, 0), (2, 3), (2, -0.1), (2, math.nan), (math.inf, 1)])
def test_impossible_sums_are_refused(count: float, total: float) -> None:
    """A mean of values from 0 to 1 lies there too."""
    with pytest.raises(ValueError, match="values from 0 to 1"):
        Mean(count, total)  # type: ignore[arg-type]
