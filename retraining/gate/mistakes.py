"""What is taken for what, and what production had right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retraining.gate.evidence import Answers, Floats, Integers

Counts = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Confusion:
    """Counts of true class (row) against answer (column), of both models, on a set."""

    set: str
    classes: tuple[str, ...]
    production: Counts
    candidate: Counts


@dataclass(frozen=True)
class NewMistake:
    """An example that production has right, and what the candidate took it for, how sure."""

    set: str
    id: str
    label: str
    candidate: str
    confidence: float


def confusion(answers: Answers, classes: Sequence[str]) -> Confusion:
    """Return both models' confusion matrices."""
    return Confusion(
        answers.set,
        tuple(classes),
        _counts(answers.labels, answers.production),
        _counts(answers.labels, answers.candidate),
    )


def new_mistakes(answers: Answers, classes: Sequence[str]) -> list[NewMistake]:
    """Return what production has right and the candidate wrong, the surest mistake first."""
    rows = np.flatnonzero(answers.production_right & ~answers.candidate_right).tolist()
    answered = answers.candidate.argmax(axis=1)
    confidence = answers.candidate.max(axis=1)
    found = [
        NewMistake(
            answers.set,
            answers.ids[row],
            classes[answers.labels[row]],
            classes[answered[row]],
            float(confidence[row]),
        )
        for row in rows
    ]
    return sorted(found, key=lambda mistake: (-mistake.confidence, mistake.id))


def _counts(labels: Integers, probabilities: Floats) -> Counts:
    width = probabilities.shape[1]
    cells = np.bincount(labels * width + probabilities.argmax(axis=1), minlength=width * width)
    return tuple(tuple(row) for row in cells.reshape(width, width).tolist())
