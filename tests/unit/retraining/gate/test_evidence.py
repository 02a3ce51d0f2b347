"""What cannot be is an error, never a verdict."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from retraining.gate.evidence import Answers, Latencies, Values

HALF = np.full((2, 2), 0.5)
LABELS = np.array([0, 1])
FRACTIONS: Any = np.array([0.0, 1.0])
SIGNS = np.array([1.0, -1.0])
TWO = np.array([1.0, 2.0])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Answers("golden", ["a", "a"], LABELS, HALF, HALF), "golden: 'a' is there twice"),
        (lambda: Answers("golden", ["a", "b"], LABELS[:1], HALF, HALF), "2 ids need as many labels"),
        (lambda: Answers("golden", ["a", "b"], FRACTIONS, HALF, HALF), "as whole numbers"),
        (lambda: Answers("golden", ["a", "b"], LABELS, HALF, HALF[:, :1]), "both must be"),
        (lambda: Answers("golden", ["a"], LABELS[:1], HALF, HALF), "1 ids, probabilities"),
        (lambda: Answers("golden", ["a", "b"], LABELS + 1, HALF, HALF), "no column of the 2 classes"),
        (lambda: Answers("golden", ["a", "b"], LABELS - 1, HALF, HALF), "no column of the 2 classes"),
        (lambda: Answers("golden", ["a", "b"], LABELS, HALF, HALF * np.nan), "what the candidate answered"),
        (lambda: Answers("golden", ["a", "b"], LABELS, HALF * 2, HALF), "what production answered"),
        (lambda: Answers("golden", ["a", "b"], LABELS, HALF, HALF + SIGNS), "what the candidate"),
        (lambda: Values("golden", ["a", "b"], TWO, TWO, TWO[:1]), "2 ids need as many finite numbers"),
        (lambda: Values("golden", ["a", "b"], TWO, TWO * np.inf, TWO), "2 ids need as many finite"),
        (lambda: Latencies(TWO, TWO[:1]), "in pairs"),
        (lambda: Latencies(TWO, TWO * 0), "above 0"),
        (lambda: Latencies(TWO, TWO * np.nan), "above 0"),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[], object], said: str) -> None:
    """With what is wrong with it."""
    with pytest.raises(ValueError, match=said):
        make()


def test_right_is_whose_likeliest_class_is_the_label() -> None:
    """Of each model."""
    sure = np.array([[0.9, 0.1], [0.8, 0.2]])
    found = Answers("golden", ["a", "b"], LABELS, sure, sure[:, ::-1])
    assert found.production_right.tolist() == [True, False]
    assert found.candidate_right.tolist() == [False, True]
