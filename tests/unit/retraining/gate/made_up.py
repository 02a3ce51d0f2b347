"""Answers of models that are made up."""

import numpy as np

from retraining.gate.evidence import Answers, Booleans, Floats, Integers

CLASSES = ("apple", "grapes", "lemon")


def probabilities(answered: Integers, confidence: float | Floats = 0.9) -> Floats:
    """Return probabilities (N, 3) that say these classes with this confidence."""
    sure = np.broadcast_to(confidence, answered.shape)
    found = np.repeat(((1 - sure) / 2)[:, None], 3, axis=1)
    found[np.arange(len(answered)), answered] = sure
    return found


def answers(
    labels: Integers,
    production_right: Booleans,
    candidate_right: Booleans,
    *,
    name: str = "golden",
    confidence: float = 0.9,
) -> Answers:
    """Return what two models said, of which each is wrong by one class where it is wrong."""
    said = [np.where(right, labels, (labels + 1) % 3) for right in (production_right, candidate_right)]
    ids = [f"{name}-{row}" for row in range(len(labels))]
    return Answers(name, ids, labels, *(probabilities(one, confidence) for one in said))


def labels_in_turn(count: int) -> Integers:
    """Return classes 0, 1, 2, 0, ... (N,)."""
    return np.arange(count) % 3


def wrong_at(count: int, *rows: int | slice) -> Booleans:
    """Return what is right (N,): all but these rows."""
    right = np.ones(count, bool)
    for row in rows:
        right[row] = False
    return right


def drawn(name: str, count: int, generator: np.random.Generator, *, worse: float = 0.0) -> Answers:
    """Return two models of some 94 % that disagree on some 6 %.

    `worse` = 0.24 takes 3 points off the candidate. What makes an input hard is mostly the same for both.
    """
    labels = generator.integers(3, size=count)
    hard = 0.85 * generator.normal(size=(count, 3))
    said = []
    for scale in (2.35, 2.35 - worse):
        logits = hard + 0.35 * generator.normal(size=(count, 3))
        logits[np.arange(count), labels] += scale
        exponentials = np.exp(2 * logits)
        said.append(exponentials / exponentials.sum(axis=1, keepdims=True))
    return Answers(name, [str(row) for row in range(count)], labels, *said)
