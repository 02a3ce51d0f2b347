"""How often the candidate is right, on a set and in each of its classes."""

import numpy as np

from retraining.check import Verdict
from retraining.gate.accuracy import above_floor, accuracy, recalls
from tests.unit.retraining.gate.made_up import CLASSES, answers, labels_in_turn, wrong_at


def test_a_share_of_right_answers_at_the_floor_is_enough() -> None:
    """One fewer is not, however bad production is."""
    labels = labels_in_turn(100)
    production = wrong_at(100, slice(None, 50))
    enough = above_floor(answers(labels, production, wrong_at(100, slice(None, 15))), floor=0.85)
    short = above_floor(answers(labels, production, wrong_at(100, slice(None, 16))), floor=0.85)
    assert (enough.verdict, short.verdict) == (Verdict.PASS, Verdict.FAIL)
    assert short.numbers["accuracy"] == 0.84
    assert short.numbers["production_accuracy"] == 0.5
    assert short.why == "The candidate is right 84 of 100 times, 84.00%: less than 85.00%."


def test_accuracy_is_compared_example_by_example() -> None:
    """Two models that are as often right, on different inputs, differ on more than two that err alike."""
    labels = labels_in_turn(1000)
    first, last = wrong_at(1000, slice(None, 100)), wrong_at(1000, slice(900, None))
    alike = accuracy(answers(labels, first, first), margin=0.02, alpha=0.05)
    apart = accuracy(answers(labels, first, last), margin=0.02, alpha=0.05)
    assert (alike.verdict, apart.verdict) == (Verdict.PASS, Verdict.INSUFFICIENT)
    assert alike.numbers["difference"] == apart.numbers["difference"] == 0
    assert apart.numbers["lost"] == apart.numbers["gained"] == 100


def test_a_class_that_is_lost_fails_though_the_accuracy_does_not() -> None:
    """Ten of a hundred lemons are lost, and as many grapes gained."""
    labels = labels_in_turn(300)
    lemons, grapes = np.flatnonzero(labels == 2)[:10], np.flatnonzero(labels == 1)[:10]
    found = answers(labels, wrong_at(300, *grapes), wrong_at(300, *lemons))
    assert accuracy(found, margin=0.02, alpha=0.05).verdict is not Verdict.FAIL
    checks = {one.name: one for one in recalls(found, CLASSES, margin=0.05, alpha=0.05, minimum_examples=30)}
    assert [one.verdict for one in checks.values()] == [Verdict.PASS, Verdict.PASS, Verdict.FAIL]
    assert checks["recall[lemon]"].numbers["difference"] == -0.1
    assert checks["recall[lemon]"].numbers["p_value"] == 3 / 2**10


def test_a_class_with_too_few_examples_is_not_judged_and_corrects_nothing() -> None:
    """Whatever happens to them: 29 lemons all lost say nothing, 30 say all."""
    few = np.array([0] * 100 + [1] * 100 + [2] * 29)
    right = np.ones(229, bool)
    lost = wrong_at(229, slice(200, None), slice(0, 6))
    checks = recalls(answers(few, right, lost), CLASSES, margin=0.05, alpha=0.05, minimum_examples=30)
    assert [one.verdict for one in checks] == [Verdict.FAIL, Verdict.PASS, Verdict.INSUFFICIENT]
    assert checks[0].numbers["p_value"] == 2 / 2**6  # of two classes, not of three
    assert checks[2].why == "29 examples of this class: 30 are needed."
    judged = recalls(answers(few, right, lost), CLASSES, margin=0.05, alpha=0.05, minimum_examples=29)
    assert judged[2].verdict is Verdict.FAIL


def test_required_is_said_of_each_check() -> None:
    """Of those with too few examples too."""
    few = answers(labels_in_turn(9), np.ones(9, bool), np.ones(9, bool))
    checks = recalls(few, CLASSES, margin=0.05, alpha=0.05, minimum_examples=30, required=True)
    checks.append(accuracy(few, margin=0.02, alpha=0.05, required=True))
    checks.append(above_floor(few, floor=0.8, required=True))
    assert all(one.required for one in checks)


def test_no_examples_are_insufficient() -> None:
    """Not an error, and no division by zero."""
    none = answers(labels_in_turn(0), np.ones(0, bool), np.ones(0, bool))
    assert above_floor(none, floor=0.8).verdict is Verdict.INSUFFICIENT
    assert accuracy(none, margin=0.02, alpha=0.05).verdict is Verdict.INSUFFICIENT
