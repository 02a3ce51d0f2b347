"""The gates of the candidate's inputs."""

import random

import pytest

from release.verdict.coins import Arm, Coins, Look, coins
from release.verdict.gate import Verdict
from release.verdict.inputs import PERMUTATIONS, drifted_windows, input_drift, permutation_p_value

LEAST = 1 / (1 + PERMUTATIONS)


def window(rows: int, mean: float, seed: int) -> list[tuple[float, ...]]:
    draw = random.Random(seed)
    return [tuple(draw.gauss(mean, 1) for _ in range(4)) for _ in range(rows)]


def drifted(candidate: tuple[int, int], stable: tuple[int, int]) -> Coins:
    return coins([Look(Arm(*candidate), Arm(*stable))])


def test_a_calibrated_p_value_is_an_e_value() -> None:
    """Over all values that the permutations can give, ½·p^(-½) has a mean of at most 1."""
    values = [input_drift([k * LEAST]).numbers["evidence"] for k in range(1, PERMUTATIONS + 2)]
    assert 0.95 < sum(values) / len(values) <= 1


def test_two_plain_pairs_fail() -> None:
    """One alone does not."""
    assert input_drift([LEAST]).verdict is Verdict.PASS
    gate = input_drift([LEAST, LEAST])
    assert gate.verdict is Verdict.FAIL
    assert gate.numbers["evidence"] == pytest.approx(0.25 / LEAST)
    assert gate.numbers["threshold"] == 100


def test_ordinary_p_values_pass() -> None:
    """Even one of twenty below 0.05, which chance has."""
    gate = input_drift([0.04, *(k / 20 for k in range(2, 21))])
    assert gate.verdict is Verdict.PASS
    assert "smallest p-value 0.04" in gate.why
    assert "below 100." in gate.why


def test_no_pair_is_empty() -> None:
    """Nothing is said."""
    gate = input_drift([])
    assert (gate.verdict, gate.empty) == (Verdict.INSUFFICIENT, True)


@pytest.mark.parametrize("p_value", [0.0, -0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_refused(p_value: float) -> None:
    """A permutation's p-value is never 0."""
    with pytest.raises(ValueError, match="is no p-value"):
        input_drift([0.5, p_value])


def test_windows_apart_have_the_least_p_value() -> None:
    """No permutation lies as far apart."""
    assert permutation_p_value(window(40, 1.5, seed=1), window(40, 0, seed=2), seed=3) == LEAST


def test_windows_alike_have_p_values_of_all_sizes() -> None:
    """Of twenty some are below a half and some above, and none is tiny: whatever the windows' sizes."""
    p_values = [
        permutation_p_value(window(12, 0, seed), window(20, 0, 1000 + seed), seed) for seed in range(20)
    ]
    assert 5 <= sum(p > 0.5 for p in p_values) <= 15
    assert min(p_values) > 0.005


def test_equal_windows_have_p_value_one() -> None:
    """Distances that are equal but for rounding count as reached."""
    rows = window(20, 0, seed=1)
    assert permutation_p_value(rows, rows, seed=2) == 1


def test_p_value_is_repeatable_and_counts_both_slots_alike() -> None:
    """The same seed says the same; which window is the candidate's hardly matters."""
    one, two = window(30, 0.5, seed=1), window(30, 0, seed=2)
    assert permutation_p_value(one, two, seed=3) == permutation_p_value(one, two, seed=3)
    assert permutation_p_value(two, one, seed=3) == pytest.approx(
        permutation_p_value(one, two, seed=3), abs=0.03
    )


def test_windows_need_two_rows() -> None:
    """One row has no distance of its own."""
    with pytest.raises(ValueError, match="at least 2"):
        permutation_p_value([(1.0,)], [(1.0,), (2.0,)], seed=1)


def test_drift_of_both_slots_windows_is_pairs_that_do_not_differ() -> None:
    """Both get darker images: no pair shows it."""
    p_values = [
        permutation_p_value(window(30, 5, seed), window(30, 5, 100 + seed), seed) for seed in range(5)
    ]
    assert input_drift(p_values).verdict is Verdict.PASS


def test_windows_that_drift_on_the_candidate_only_fail() -> None:
    """Its detector sees what the stable slot's does not."""
    gate = drifted_windows(drifted((6, 6), (24, 1)))
    assert (gate.name, gate.verdict) == ("drift", Verdict.FAIL)
    assert gate.numbers["evidence"] >= gate.numbers["threshold"] == 100


def test_windows_that_drift_on_both_pass_and_say_why() -> None:
    """The traffic changed: that is no fault of the candidate's."""
    gate = drifted_windows(drifted((6, 6), (24, 24)))
    assert gate.verdict is Verdict.PASS
    assert "the traffic changed" in gate.why


def test_windows_that_drift_on_the_stable_slot_only_pass() -> None:
    """They do not speak against the candidate."""
    gate = drifted_windows(drifted((6, 0), (24, 24)))
    assert gate.verdict is Verdict.PASS
    assert "changed" not in gate.why


def test_too_few_windows_say_nothing() -> None:
    """Three of each are needed; none at all is empty."""
    gate = drifted_windows(drifted((2, 0), (24, 0)))
    assert (gate.verdict, gate.empty) == (Verdict.INSUFFICIENT, False)
    assert not drifted_windows(drifted((0, 0), (3, 0))).empty
    assert not drifted_windows(drifted((3, 0), (0, 0))).empty
    assert drifted_windows(Coins()).empty


@pytest.mark.parametrize(
    ("enough", "too_few"),
    [((3, 57), (2, 57)), ((4, 16), (3, 16)), ((5, 12), (4, 12)), ((9, 9), (8, 8))],
)
def test_so_many_windows_pass_that_drift_would_have_shown_in_them(
    enough: tuple[int, int], too_few: tuple[int, int]
) -> None:
    """With one fewer, a candidate all of whose windows drifted would pass."""
    candidate, stable = enough
    assert drifted_windows(drifted((candidate, 0), (stable, 0))).verdict is Verdict.PASS
    assert drifted_windows(drifted((candidate, candidate), (stable, 0))).verdict is Verdict.FAIL
    candidate, stable = too_few
    for bad in (0, candidate):
        gate = drifted_windows(drifted((candidate, bad), (stable, 0)))
        assert (gate.verdict, gate.empty) == (Verdict.INSUFFICIENT, False)


def test_windows_that_begin_to_drift_do_not_pass() -> None:
    """Three of six did: whether the next ones will is not known yet."""
    gate = drifted_windows(drifted((6, 3), (14, 0)))
    assert gate.verdict is Verdict.INSUFFICIENT
    assert "not clear yet" in gate.why
    assert drifted_windows(drifted((6, 1), (14, 0))).verdict is Verdict.PASS
