"""The gate of accuracy, by labels that came back."""

import math

from release.verdict.coins import Arm, Coins, Look, coins
from release.verdict.feedback import accuracy
from release.verdict.gate import Verdict


def labelled(candidate: tuple[int, int], stable: tuple[int, int]) -> Coins:
    """Return the coins of so many labels, and the wrong ones among them."""
    return coins([Look(Arm(*candidate), Arm(*stable))])


def test_ten_points_less_fail() -> None:
    """With both accuracies and the evidence."""
    gate = accuracy([labelled((200, 30), (800, 40))])
    assert gate.verdict is Verdict.FAIL
    assert gate.numbers["candidate_accuracy"] == 0.85
    assert gate.numbers["stable_accuracy"] == 0.95
    assert gate.numbers["evidence"] >= gate.numbers["threshold"] == 100
    assert "right 85.00% of 200 times, the stable slot 95.00% of 800" in gate.why


def test_as_good_passes() -> None:
    """When its lower bound is above the margin."""
    gate = accuracy([labelled((1000, 50), (4000, 200))])
    assert gate.verdict is Verdict.PASS
    assert -gate.numbers["margin"] < gate.numbers["lower"] < 0


def test_as_good_with_few_labels_does_not_pass() -> None:
    """The same accuracies, while the candidate may still be five points worse."""
    gate = accuracy([labelled((220, 11), (880, 44))])
    assert (gate.verdict, gate.empty) == (Verdict.INSUFFICIENT, False)
    assert gate.numbers["lower"] < -gate.numbers["margin"]


def test_two_hundred_labels_of_the_candidate_are_needed() -> None:
    """However good they are."""
    assert accuracy([labelled((199, 0), (5000, 50))]).verdict is Verdict.INSUFFICIENT
    assert accuracy([labelled((200, 0), (5000, 50))]).verdict is Verdict.PASS


def test_a_little_worse_is_neither() -> None:
    """Three points, on enough labels to see that it is no ten, do not promote and do not roll back."""
    gate = accuracy([labelled((600, 48), (2400, 120))])
    assert gate.verdict is Verdict.INSUFFICIENT


def test_margin_is_the_plans() -> None:
    """What one plan waits for, another lets pass."""
    some = [labelled((400, 20), (1600, 80))]
    assert accuracy(some, margin=0.02).verdict is Verdict.INSUFFICIENT
    assert accuracy(some, margin=0.1).verdict is Verdict.PASS


def test_no_label_is_empty_and_labels_of_one_slot_are_not() -> None:
    """Nobody sends labels; or they do, and the candidate's do not come."""
    nothing = accuracy([Coins(), Coins()])
    assert (nothing.verdict, nothing.empty) == (Verdict.INSUFFICIENT, True)
    assert not any(math.isnan(number) for number in nothing.numbers.values())
    one_sided = accuracy([labelled((0, 0), (500, 25))])
    assert (one_sided.verdict, one_sided.empty) == (Verdict.INSUFFICIENT, False)
    other_sided = accuracy([labelled((500, 25), (0, 0))])
    assert (other_sided.verdict, other_sided.empty) == (Verdict.INSUFFICIENT, False)


def test_harder_images_while_the_share_rises_are_no_fault() -> None:
    """Both are wrong in 2 % of the first step and in 20 % of the second."""
    gate = accuracy([labelled((100, 2), (1900, 38)), labelled((1000, 200), (1000, 200))])
    assert gate.numbers["difference"] == 0
    assert gate.verdict is Verdict.PASS


def test_slots_swapped_do_not_fail() -> None:
    """A stable slot that is worse lets the candidate pass."""
    assert accuracy([labelled((800, 40), (200, 30))]).verdict is Verdict.PASS
