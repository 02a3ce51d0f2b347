"""Evidence from bad events: an e-value, whatever the shares, the rates and the number of looks."""

import math
from itertools import pairwise, product

import pytest

from release.verdict.coins import RATIOS, Arm, Coins, Look, coins

FAULTY = Look(Arm(200, 20), Arm(800, 8))


def look(candidate: int, candidate_bad: int, stable: int, stable_bad: int) -> Look:
    return Look(Arm(candidate, candidate_bad), Arm(stable, stable_bad))


def expectation_of_two_looks(share_of_bad: float, sizes: tuple[tuple[int, int], tuple[int, int]]) -> float:
    """Add up every outcome of two looks in which each request is bad with the same probability."""
    total = 0.0
    outcomes = [product(range(one + 1), range(two + 1)) for one, two in sizes]
    for bad in product(*outcomes):
        probability = math.prod(
            math.comb(count, x) * share_of_bad**x * (1 - share_of_bad) ** (count - x)
            for counts, xs in zip(sizes, bad, strict=True)
            for count, x in zip(counts, xs, strict=True)
        )
        looks = [look(one, x1, two, x2) for (one, two), (x1, x2) in zip(sizes, bad, strict=True)]
        total += probability * coins(looks).evidence
    return total


@pytest.mark.parametrize("rate", [0.02, 0.3, 0.9])
def test_expectation_is_at_most_one_where_slots_are_alike(rate: float) -> None:
    """By every outcome of two looks with different shares: no bet on either slot wins on average."""
    assert expectation_of_two_looks(rate, ((2, 5), (4, 3))) <= 1 + 1e-12


def test_expectation_given_the_number_of_bad_events_is_at_most_one() -> None:
    """Even with both slots' requests and the bad ones fixed, where the count is hypergeometric."""
    one, two, bad = 5, 7, 4
    expected = sum(
        math.comb(one, x)
        * math.comb(two, bad - x)
        / math.comb(one + two, bad)
        * coins([look(one, x, two, bad - x)]).evidence
        for x in range(bad + 1)
    )
    assert expected <= 1


def test_expectation_is_exactly_one_for_tosses_of_the_share() -> None:
    """Nothing is given away: by coins that fall on the candidate with its share it is a martingale."""
    bad, share = 6, 3 / 10
    expected = sum(
        math.comb(bad, x) * share**x * (1 - share) ** (bad - x) * coins([look(30, x, 70, bad - x)]).evidence
        for x in range(bad + 1)
    )
    assert expected == pytest.approx(1, abs=1e-12)


def test_expectation_is_above_one_where_the_candidate_is_worse() -> None:
    """Twice as many bad ones make evidence on average."""
    bad, share = 6, 2 * 0.3 / (0.7 + 2 * 0.3)
    expected = sum(
        math.comb(bad, x) * share**x * (1 - share) ** (bad - x) * coins([look(30, x, 70, bad - x)]).evidence
        for x in range(bad + 1)
    )
    assert expected > 1.3


def test_evidence_is_the_mean_of_likelihood_ratios() -> None:
    """One look, by the formula as it is printed."""
    share, x1, x0 = 0.2, 3, 2
    by_hand = 0.0
    for ratio in RATIOS:
        q = share * ratio / (1 - share + share * ratio)
        by_hand += (q / share) ** x1 * ((1 - q) / (1 - share)) ** x0 / len(RATIOS)
    assert coins([look(100, x1, 400, x0)]).evidence == pytest.approx(by_hand, rel=1e-12)


def test_ratios_reach_from_a_quarter_more_to_thirty_times() -> None:
    """Evenly on a logarithmic scale."""
    steps = [two / one for one, two in pairwise(RATIOS)]
    assert (RATIOS[0], RATIOS[-1]) == pytest.approx((1.25, 30))
    assert max(steps) == pytest.approx(min(steps))


def test_order_of_looks_does_not_matter() -> None:
    """Nor does it matter in how many sums they were added up."""
    looks = [look(10, 2, 90, 1), look(50, 0, 50, 3), FAULTY]
    forwards, backwards = coins(looks), coins(reversed(looks))
    halves = coins(looks[:1]) + coins(looks[1:])
    assert forwards.evidence == pytest.approx(backwards.evidence) == pytest.approx(halves.evidence)
    assert forwards.candidate == backwards.candidate == halves.candidate == Arm(260, 22)
    assert halves.stable == Arm(940, 12)


def test_more_bad_events_of_the_candidate_are_more_evidence() -> None:
    """And more of the stable slot's are less."""
    more = [coins([look(200, bad, 800, 8)]).evidence for bad in range(20)]
    less = [coins([look(200, 8, 800, bad)]).evidence for bad in range(20)]
    assert more == sorted(more)
    assert less == sorted(less, reverse=True)


def test_swapped_slots_are_no_evidence() -> None:
    """A bad stable slot does not speak against the candidate."""
    assert coins([FAULTY]).evidence > 1e4
    assert coins([Look(candidate=FAULTY.stable, stable=FAULTY.candidate)]).evidence < 0.1


def test_requests_without_a_bad_one_change_nothing() -> None:
    """Only coins that were tossed count; with each slot's requests they change the share and no more."""
    assert coins([FAULTY, look(1000, 0, 1000, 0)]).evidence == coins([FAULTY]).evidence
    assert coins([look(2000, 20, 8000, 8)]).evidence == pytest.approx(coins([FAULTY]).evidence)


@pytest.mark.parametrize("alone", [look(50, 50, 0, 0), look(0, 0, 50, 50), look(0, 0, 0, 0)])
def test_a_look_with_one_slot_only_is_no_evidence(alone: Look) -> None:
    """There is nobody to compare with."""
    assert coins([alone]).evidence == 1


def test_evidence_stays_a_number() -> None:
    """A hundred thousand failures overflow no float, neither way."""
    assert math.isfinite(coins([look(100_000, 100_000, 100_000, 0)]).evidence)
    assert coins([look(100_000, 0, 100_000, 100_000)]).evidence >= 0


@pytest.mark.parametrize(
    ("requests", "bad"), [(-1, 0), (5, -1), (5, 6), (math.nan, 0), (5, math.nan), (math.inf, 0)]
)
def test_impossible_counts_are_refused(requests: float, bad: float) -> None:
    """A counter that was reset, or no number at all, is an error and no verdict."""
    with pytest.raises(ValueError, match="count from 0 upwards"):
        Arm(requests, bad)  # type: ignore[arg-type]


def test_no_look_is_no_evidence() -> None:
    """It starts at 1, which says nothing either way."""
    assert Coins().evidence == 1
