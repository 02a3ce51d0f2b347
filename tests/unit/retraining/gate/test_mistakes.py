"""What is taken for what."""

import numpy as np

from retraining.gate.evidence import Answers
from retraining.gate.mistakes import NewMistake, confusion, new_mistakes
from tests.unit.retraining.gate.made_up import CLASSES, probabilities

LABELS = np.array([0, 0, 1, 2, 2])
ANSWERS = Answers(
    "golden",
    ["a", "b", "c", "d", "e"],
    LABELS,
    probabilities(np.array([0, 0, 1, 2, 0])),
    probabilities(np.array([0, 2, 0, 2, 1]), np.array([0.9, 0.6, 0.8, 0.9, 0.9])),
)


def test_confusion_counts_true_class_against_answer_of_both_models() -> None:
    """A row for each true class."""
    found = confusion(ANSWERS, CLASSES)
    assert found.production == ((2, 0, 0), (0, 1, 0), (1, 0, 1))
    assert found.candidate == ((1, 0, 1), (1, 0, 0), (0, 1, 1))
    assert (found.set, found.classes) == ("golden", CLASSES)


def test_new_mistakes_are_what_production_has_right_the_surest_first() -> None:
    """Not what both have wrong."""
    assert new_mistakes(ANSWERS, CLASSES) == [
        NewMistake("golden", "c", "grapes", "apple", 0.8),
        NewMistake("golden", "b", "apple", "lemon", 0.6),
    ]
