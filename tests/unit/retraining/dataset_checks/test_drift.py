"""How far the inputs are from the last dataset's."""

import numpy as np
import pytest

from retraining.check import Verdict
from retraining.dataset_checks.drift import drift
from tests.unit.retraining.dataset_checks.made_up import clouds


def test_inputs_that_have_changed_are_told_and_pass() -> None:
    """Nothing alike: all neighbours are of a record's own dataset."""
    check = drift(clouds(300, spread=1, shift=50)[0], clouds(300, spread=1, seed=2)[0])
    assert check.verdict is Verdict.PASS
    assert check.numbers["own_neighbours"] == 1
    assert check.numbers["p_value"] == 1 / 200
    assert "the inputs have changed" in check.why


def test_inputs_alike_have_half_of_their_neighbours_in_each() -> None:
    """Also where one dataset has many more records."""
    check = drift(clouds(2000, spread=1)[0], clouds(300, spread=1, seed=2)[0])
    assert check.numbers["own_neighbours"] == pytest.approx(0.5, abs=0.03)
    assert check.numbers["records"] == 300
    assert "chance explains that" in check.why


def test_p_value_is_small_by_chance_as_often_as_it_says() -> None:
    """Of 60 pairs of datasets alike."""
    found = [
        drift(clouds(60, spread=1, seed=seed)[0], clouds(60, spread=1, seed=1000 + seed)[0]).numbers[
            "p_value"
        ]
        for seed in range(60)
    ]
    assert np.mean(np.array(found) <= 0.1) < 0.25
    assert np.mean(found) == pytest.approx(0.5, abs=0.15)


def test_what_cannot_be_compared_is_insufficient() -> None:
    """Few records, or the embeddings of another network."""
    assert drift(np.zeros((49, 3)), np.zeros((500, 3))).verdict is Verdict.INSUFFICIENT
    assert drift(np.zeros((500, 3)), np.zeros((500, 4))).verdict is Verdict.INSUFFICIENT
