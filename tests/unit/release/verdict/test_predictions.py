"""The gates of predicted labels and of confidence."""

from release.verdict.confidence_sequence import Mean, Step
from release.verdict.gate import Verdict
from release.verdict.predictions import LabelCounts, confidence, labels

ALIKE = LabelCounts({"apple": 200, "grapes": 200, "lemon": 100}, {"apple": 800, "grapes": 800, "lemon": 400})
NO_LEMON = LabelCounts({"apple": 500, "grapes": 500}, {"apple": 700, "grapes": 700, "lemon": 600})


def sure(candidate: tuple[int, float], stable: tuple[int, float]) -> list[Step]:
    return [Step(Mean(candidate[0], candidate[0] * candidate[1]), Mean(stable[0], stable[0] * stable[1]))]


def test_equal_shares_of_labels_pass() -> None:
    """And every label's difference is among the numbers."""
    gate = labels([ALIKE])
    assert gate.verdict is Verdict.PASS
    assert {name for name in gate.numbers if name.startswith("difference")} == {
        "difference[apple]",
        "difference[grapes]",
        "difference[lemon]",
    }


def test_a_label_that_is_never_predicted_fails() -> None:
    """It is missing among the candidate's counts, and named."""
    gate = labels([NO_LEMON])
    assert gate.verdict is Verdict.FAIL
    assert "'lemon'" in gate.why
    assert gate.numbers["difference[lemon]"] == -0.3
    assert gate.numbers["margin"] < gate.numbers["at_least"] < 0.3 < gate.numbers["at_most"]


def test_a_label_that_only_the_candidate_predicts_fails() -> None:
    """The same, the other way round."""
    assert labels([LabelCounts(NO_LEMON.stable, NO_LEMON.candidate)]).verdict is Verdict.FAIL


def test_margin_is_what_a_better_model_may_differ_by() -> None:
    """Five points are no fault where ten are allowed, and are one where one is."""
    differing = [LabelCounts({"a": 5500, "b": 4500}, {"a": 5000, "b": 5000})]
    assert labels(differing, margin=0.1).verdict is Verdict.PASS
    assert labels(differing, margin=0.01).verdict is Verdict.FAIL
    assert labels(differing, margin=0.05).verdict is Verdict.INSUFFICIENT


def test_labels_that_shift_on_both_slots_are_no_fault() -> None:
    """Traffic that changes while the share rises, judged step by step."""
    steps = [
        LabelCounts({"a": 50, "b": 50}, {"a": 950, "b": 950}),
        LabelCounts({"a": 900, "b": 100}, {"a": 900, "b": 100}),
    ]
    assert labels(steps).verdict is Verdict.PASS


def test_few_predictions_say_nothing_of_labels() -> None:
    """Two hundred of each slot are needed; none at all is empty."""
    gate = labels([LabelCounts({"a": 199}, {"a": 1000})])
    assert (gate.verdict, gate.empty) == (Verdict.INSUFFICIENT, False)
    assert labels([LabelCounts({"a": 1000}, {"a": 199})]).verdict is Verdict.INSUFFICIENT
    assert labels([]).empty
    assert labels([LabelCounts({}, {})]).empty


def test_a_stable_slot_without_predictions_says_nothing() -> None:
    """There is nobody to compare with, and it is not as if nothing had been predicted."""
    gate = labels([LabelCounts({"a": 1000}, {})])
    assert (gate.verdict, gate.empty) == (Verdict.INSUFFICIENT, False)


def test_equal_confidence_passes() -> None:
    """With the difference and its bounds."""
    gate = confidence(sure((500, 0.93), (2000, 0.93)))
    assert gate.verdict is Verdict.PASS
    assert -0.1 < gate.numbers["lower"] < 0 < gate.numbers["upper"]
    assert f"it may be {-gate.numbers['lower'] * 100:.1f} lower" in gate.why


def test_far_less_confidence_fails() -> None:
    """Eighteen points less, where ten are allowed."""
    gate = confidence(sure((1000, 0.75), (4000, 0.93)))
    assert gate.verdict is Verdict.FAIL
    assert "differs by -18.0 points" in gate.why


def test_more_confidence_passes() -> None:
    """It is no harm by itself."""
    assert confidence(sure((500, 0.99), (2000, 0.7))).verdict is Verdict.PASS


def test_confidence_near_the_margin_is_not_clear() -> None:
    """Then nothing is said."""
    gate = confidence(sure((500, 0.83), (2000, 0.93)))
    assert (gate.verdict, gate.empty) == (Verdict.INSUFFICIENT, False)


def test_few_predictions_say_nothing_of_confidence() -> None:
    """Two hundred of each slot are needed; none at all is empty."""
    assert confidence(sure((199, 0.5), (2000, 0.9))).verdict is Verdict.INSUFFICIENT
    assert confidence(sure((2000, 0.5), (199, 0.9))).verdict is Verdict.INSUFFICIENT
    assert confidence([]).empty
