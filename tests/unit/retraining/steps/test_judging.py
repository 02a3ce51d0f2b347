"""retraining/steps/check.py and judge.py: from what the models said to a verdict."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from retraining.check import Verdict
from retraining.gate.thresholds import read_gate
from retraining.steps.check import inspection
from retraining.steps.judge import judgement, metrics
from training_data.task import Task

CLASSES = Task("image", (), ("apple", "grapes", "lemon"))
VALUES = Task("row", ("x",), ())
N = 600


def sure_of(labels: NDArray[np.int64], wrong: int = 0) -> NDArray[np.float32]:
    """Return probabilities (N, 3) for the labels, of which the first are wrong."""
    answers = labels.copy()
    answers[:wrong] = (answers[:wrong] + 1) % 3
    found = np.full((len(labels), 3), 0.02, np.float32)
    found[np.arange(len(labels)), answers] = 0.96
    return found


def judged(production_wrong: int, candidate_wrong: int) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {
        "seconds/production": np.full(15, 0.001),
        "seconds/candidate": np.full(15, 0.001),
    }
    labels = np.arange(N) % 3
    for side in ("golden", "held-out"):
        arrays |= {
            f"{side}/ids": np.asarray([f"{side}-{number}" for number in range(N)]),
            f"{side}/labels": labels,
            f"{side}/production": sure_of(labels, production_wrong),
            f"{side}/candidate": sure_of(labels, candidate_wrong),
        }
    return arrays


@pytest.mark.parametrize(("wrong", "verdict"), [(20, Verdict.PASS), (80, Verdict.FAIL)])
def test_a_worse_candidate_does_not_pass_the_shipped_gate(wrong: int, verdict: Verdict) -> None:
    """One that is as good as production does."""
    assert judgement(judged(20, wrong), CLASSES, read_gate()).verdict is verdict


def test_the_metrics_are_of_each_set_and_model() -> None:
    """As the lineage keeps them."""
    arrays = judged(0, 60)
    assert metrics(arrays, CLASSES, "production")["golden"]["accuracy"] == 1
    candidate = metrics(arrays, CLASSES, "candidate")["held-out"]
    assert candidate == {"n": N, "accuracy": pytest.approx(0.9), "ece": pytest.approx(0.06, abs=0.05)}


def test_a_regressor_is_judged_by_its_errors() -> None:
    """Its labels are numbers, its outputs a column."""
    targets = np.linspace(0, 1, N, dtype=np.float32)
    arrays: dict[str, NDArray[Any]] = {
        "seconds/production": np.full(15, 0.001),
        "seconds/candidate": np.full(15, 0.001),
    }
    for side in ("golden", "held-out"):
        arrays |= {
            f"{side}/ids": np.asarray([f"{side}-{number}" for number in range(N)]),
            f"{side}/labels": targets,
            f"{side}/production": targets[:, None] + np.float32(0.05),
            f"{side}/candidate": targets[:, None] + np.float32(0.01),
        }
    assert judgement(arrays, VALUES, read_gate()).verdict is Verdict.PASS
    assert metrics(arrays, VALUES, "candidate")["golden"]["rmse"] == pytest.approx(0.01, abs=1e-4)


def inspected(flipped: float) -> dict[str, NDArray[Any]]:
    """Return what is known of N new records in three clusters, some of whose labels are wrong."""
    random = np.random.default_rng(1)
    labels = np.arange(N) % 3
    embeddings = (np.eye(3)[labels] * 6 + random.normal(size=(N, 3))).astype(np.float32)
    given = labels.copy()
    wrong = random.random(N) < flipped
    given[wrong] = (given[wrong] + 1) % 3
    return {
        "new/ids": np.asarray([f"n-{number}" for number in range(N)]),
        "new/digests": np.asarray([f"d-{number}" for number in range(N)]),
        "new/labels": given,
        "new/outputs": sure_of(labels),
        "new/embeddings": embeddings,
        "old/embeddings": embeddings[: N // 2],
        "golden/ids": np.asarray(["g-1"]),
        "golden/digests": np.asarray(["g"]),
        "golden/labels": labels[:1],
        "golden/outputs": sure_of(labels[:1]),
    }


@pytest.mark.parametrize(("flipped", "verdict"), [(0, Verdict.PASS), (0.3, Verdict.FAIL)])
def test_wrong_labels_are_not_learnt(flipped: float, verdict: Verdict) -> None:
    """Thirty in a hundred, however they came to be."""
    assert inspection(inspected(flipped), CLASSES, read_gate()).summary.verdict is verdict


def test_what_is_held_out_is_not_learnt() -> None:
    """A record on both sides is a fault of the data set's."""
    arrays = inspected(0)
    arrays |= {"held-out/ids": arrays["new/ids"][:3], "held-out/digests": arrays["new/digests"][:3]}
    assert inspection(arrays, CLASSES, read_gate()).summary.verdict is Verdict.FAIL


def test_without_new_records_nothing_is_learnt() -> None:
    """There is nothing to say of them either."""
    assert inspection({}, CLASSES, read_gate()).summary.verdict is not Verdict.PASS
