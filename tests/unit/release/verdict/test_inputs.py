"""The gates of the candidate's inputs."""

import pytest

from release.verdict.coins import Arm, Coins, Look, coins
from release.verdict.gate import Verdict
from release.verdict.inputs import drifted_windows


def drifted(candidate: tuple[int, int], stable: tuple[int, int]) -> Coins:
    return coins([Look(Arm(*candidate), Arm(*stable))])


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
