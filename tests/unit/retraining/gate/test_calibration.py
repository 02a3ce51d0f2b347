"""Confidence against accuracy."""

import numpy as np
import pytest

from retraining.check import Verdict
from retraining.gate.calibration import calibration, calibration_error, calibration_limit
from retraining.gate.evidence import Answers, Booleans, Floats
from tests.unit.retraining.gate.made_up import answers, labels_in_turn, probabilities, wrong_at


def drawn(count: int, *, overconfident: float, seed: int) -> tuple[Floats, Booleans]:
    """Return confidences, and what is right so much less often than they say."""
    generator = np.random.default_rng(seed)
    confidence = generator.beta(8, 1.2, count)
    return confidence, generator.random(count) < confidence - overconfident


def test_error_is_the_mean_gap_of_the_bins() -> None:
    """Forty at 0.6, all right but ten, and forty at 0.9, all right but four: gaps of 0.15 and 0."""
    confidence = np.repeat([0.9, 0.6], 40)
    right = wrong_at(80, slice(0, 2), slice(20, 22), slice(40, 45), slice(60, 65))
    seen, error = calibration_error(confidence, right)
    assert seen == pytest.approx(0.075)
    assert 0 < error < seen


def test_equal_confidences_share_a_bin() -> None:
    """Else the order of the examples would make bins in which all, or none, are right."""
    right = wrong_at(900, slice(None, 90))
    seen, error = calibration_error(np.full(900, 0.9), right)
    assert seen == pytest.approx(0, abs=1e-12)
    assert error == 0
    assert calibration_error(np.full(900, 1.0), right)[0] == pytest.approx(0.1)


def test_equal_confidences_go_where_their_middle_is() -> None:
    """Of forty, two bins: 14 and 10 are in the one, as the middle of the ten is the 19th."""
    confidence = np.repeat([0.6, 0.7, 0.9], [14, 10, 16])
    right = wrong_at(40, slice(0, 7), slice(24, 26))
    seen, _ = calibration_error(confidence, right)
    assert seen == pytest.approx((abs(14 * 0.6 + 10 * 0.7 - 17) + abs(16 * 0.9 - 14)) / 40)


def test_bins_hold_equally_many_so_the_order_of_the_examples_is_nothing() -> None:
    """Shuffled they have the same error."""
    confidence, right = drawn(1000, overconfident=0.1, seed=1)
    order = np.random.default_rng(2).permutation(1000)
    assert calibration_error(confidence, right) == pytest.approx(
        calibration_error(confidence[order], right[order])
    )


@pytest.mark.parametrize("overconfident", [0.0, 0.05, 0.15])
def test_what_chance_adds_is_taken_off(overconfident: float) -> None:
    """The mean over many draws is nearer to the truth than what is seen; of a perfect model half remains."""
    errors = [calibration_error(*drawn(300, overconfident=overconfident, seed=seed)) for seed in range(200)]
    seen, error = np.mean(errors, axis=0)
    assert abs(error - overconfident) < abs(seen - overconfident) or overconfident > 0.1
    assert abs(error - overconfident) < (0.03 if overconfident == 0 else 0.02)


def test_an_overconfident_candidate_is_above_the_limit() -> None:
    """It says 0.99 and is right in three of four."""
    labels = labels_in_turn(400)
    right = wrong_at(400, slice(None, None, 4))
    check = calibration_limit(answers(labels, right, right, confidence=0.99), limit=0.1)
    assert check.verdict is Verdict.FAIL
    assert check.numbers["seen"] == pytest.approx(0.24)
    assert "says 99.0% on average and is right in 75.0%" in check.why
    assert calibration_limit(answers(labels, right, right, confidence=0.8), limit=0.1).verdict is Verdict.PASS


def compared(count: int, candidate_confidence: float) -> Answers:
    """Return two models that are right in the same four of five, production sure by 0.8."""
    labels = labels_in_turn(count)
    said = np.where(wrong_at(count, slice(None, None, 5)), labels, (labels + 1) % 3)
    ids = [str(row) for row in range(count)]
    return Answers("golden", ids, labels, probabilities(said, 0.8), probabilities(said, candidate_confidence))


def test_a_candidate_that_is_much_worse_calibrated_fails() -> None:
    """By its own 0.15, against production's none."""
    check = calibration(compared(500, 0.95), margin=0.05, alpha=0.05)
    assert check.verdict is Verdict.FAIL
    assert check.numbers["p_value"] == 1 / 500
    assert check.numbers["difference"] > 0.1
    assert check.numbers["difference"] == check.numbers["error"] - check.numbers["production_error"]
    assert check.why == (
        "The candidate's calibration error is 0.150, production's 0.000: more than 0.05 above, "
        "and chance does that in 0.002 of all cases."
    )


def test_within_the_margin_it_passes() -> None:
    """As does one that is better calibrated."""
    check = calibration(compared(500, 0.83), margin=0.05, alpha=0.05)
    assert check.verdict is Verdict.PASS
    assert (
        check.why
        == "The candidate's calibration error is 0.029, production's 0.000: not more than 0.05 above."
    )
    assert calibration(compared(500, 0.95), margin=0.2, alpha=0.05).verdict is Verdict.PASS


def test_a_difference_that_chance_makes_is_insufficient() -> None:
    """Two models alike, of which one happens to be off on a hundred examples."""
    labels = labels_in_turn(100)
    verdicts = []
    for seed in range(15):
        pair = []
        for model in range(2):
            confidence, right = drawn(100, overconfident=0.08, seed=2 * seed + model)
            pair.append(probabilities(np.where(right, labels, (labels + 1) % 3), np.maximum(confidence, 0.4)))
        both = Answers("golden", [str(row) for row in range(100)], labels, *pair)
        verdicts.append(calibration(both, margin=0.02, alpha=0.05).verdict)
    assert verdicts.count(Verdict.INSUFFICIENT) > 2
    assert verdicts.count(Verdict.FAIL) <= 2


def test_the_swaps_have_a_fixed_seed() -> None:
    """The same answers give the same p-value."""
    found = [calibration(compared(60, 0.95), margin=0.01, alpha=0.05) for _ in range(2)]
    assert found[0] == found[1]


def test_no_examples_are_insufficient() -> None:
    """And have no error."""
    none = answers(labels_in_turn(0), np.ones(0, bool), np.ones(0, bool))
    assert calibration(none, margin=0.05, alpha=0.05).verdict is Verdict.INSUFFICIENT
    assert calibration_limit(none, limit=0.1).verdict is Verdict.INSUFFICIENT
