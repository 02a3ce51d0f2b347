"""A dataset before a model is trained with it."""

import json
from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import pytest

from retraining.check import Verdict
from retraining.dataset_checks.inspection import class_balance, inspect, leakage
from retraining.dataset_checks.records import Answered, Keys, Records
from retraining.gate.thresholds import read_gate
from tests.unit.retraining.dataset_checks.made_up import clouds, flipped, keys, records

THRESHOLDS = read_gate().dataset
CLASSES = ("apple", "grapes", "lemon")
EMBEDDINGS, LABELS = clouds(600, spread=0.9)


def test_a_good_dataset_passes_with_every_check() -> None:
    """And is JSON."""
    found = inspect(
        THRESHOLDS,
        records(EMBEDDINGS, LABELS),
        CLASSES,
        others={"golden": keys(10, "golden"), "held-out": keys(10, "held-out")},
        last=clouds(300, spread=0.9, seed=5)[0],
        production=Answered(LABELS, np.eye(3)[LABELS]),
    )
    assert (found.summary.verdict, found.summary.reasons) == (Verdict.PASS, ())
    names = ["examples", "class_balance", "leakage", "leakage", "label_noise", "drift"]
    assert [check.name for check in found.checks] == names
    assert [check.set for check in found.checks if check.name == "leakage"] == ["golden", "held-out"]
    json.dumps(asdict(found), allow_nan=False)


def test_drift_alone_refuses_nothing_and_flips_do() -> None:
    """The same inputs that have changed, with their labels and with 30 % of them flipped."""
    changed, labels = clouds(600, spread=1.5, shift=3)
    last = clouds(600, spread=0.9)[0]
    right, wrong = (
        inspect(THRESHOLDS, records(changed, given), CLASSES, others={}, last=last)
        for given in (labels, flipped(labels, 0.3))
    )
    assert right.summary.verdict is Verdict.PASS
    assert right.checks[-1].numbers["own_neighbours"] > 0.9
    assert wrong.summary.verdict is Verdict.FAIL
    assert wrong.summary.reasons[0].startswith("label_noise: ")


def test_too_few_records_are_insufficient() -> None:
    """Two hundred are needed."""
    few = inspect(THRESHOLDS, records(EMBEDDINGS[:199], LABELS[:199]), CLASSES, others={})
    assert few.summary.verdict is Verdict.INSUFFICIENT
    assert few.summary.reasons == ("examples: 199 records; 200 are needed.",)
    enough = inspect(THRESHOLDS, records(EMBEDDINGS[:200], LABELS[:200]), CLASSES, others={})
    assert enough.summary.verdict is Verdict.PASS


def test_no_record_at_all_is_insufficient() -> None:
    """And no error."""
    none = inspect(THRESHOLDS, records(EMBEDDINGS[:0], LABELS[:0]), CLASSES, others={}, last=EMBEDDINGS)
    assert none.summary.verdict is Verdict.INSUFFICIENT


def test_a_regressors_records_have_no_classes() -> None:
    """So neither balance nor labels are judged."""
    found = inspect(THRESHOLDS, records(EMBEDDINGS, None), (), others={}, last=EMBEDDINGS)
    assert [check.name for check in found.checks] == ["examples", "drift"]


@pytest.mark.parametrize(
    ("smallest", "verdict"), [(0, Verdict.FAIL), (24, Verdict.FAIL), (25, Verdict.PASS), (100, Verdict.PASS)]
)
def test_smallest_class_needs_a_quarter_of_an_equal_share(smallest: int, verdict: Verdict) -> None:
    """Of three hundred records in three classes that is 25."""
    labels = np.array([0] * 100 + [2] * smallest + [1] * (200 - smallest))
    check = class_balance(labels, CLASSES, smallest_share=0.25)
    assert check.verdict is verdict
    assert check.numbers["records[lemon]"] == smallest
    assert f"The smallest class, 'lemon', has {smallest} of 300" in check.why or smallest == 100


def test_a_record_in_both_sets_fails_by_its_id_or_its_content() -> None:
    """And is named; copies within the training set are told."""
    training = Keys(["a", "b", "c", "d"], ["1", "2", "3", "3"])
    by_id = leakage(training, "golden", Keys(["x", "b"], ["8", "9"]))
    by_content = leakage(training, "held-out", Keys(["x", "y"], ["8", "3"]))
    assert (by_id.verdict, by_content.verdict) == (Verdict.FAIL, Verdict.FAIL)
    assert by_id.why == "1 ids and 0 contents are in the training set and in 'golden' too, such as b."
    assert (by_content.numbers["shared_ids"], by_content.numbers["shared_contents"]) == (0, 1)
    assert by_content.numbers["copies"] == 1
    assert leakage(training, "golden", Keys(["x"], ["8"])).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "make",
    [
        lambda: Keys(["a"], []),
        lambda: Records(keys(2), None, np.zeros((3, 2))),
        lambda: Records(keys(2), None, np.zeros(2)),
        lambda: Records(keys(2), np.zeros(3, int), np.zeros((2, 2))),
        lambda: Records(keys(2), None, np.array([[1, np.nan], [1, 2]])),
        lambda: Answered(np.zeros(2, int), np.zeros((3, 2))),
    ],
)
def test_what_cannot_be_is_an_error(make: Callable[[], object]) -> None:
    """Never a verdict."""
    with pytest.raises(ValueError, match=r"record|embedding|labels|digests"):
        make()
