"""Records that are made up: three classes, as clouds of points."""

import numpy as np

from retraining.dataset_checks.records import Keys, Records
from retraining.gate.evidence import Floats, Integers

WIDTH = 16


def keys(count: int, name: str = "new") -> Keys:
    """Return the ids and digests of so many records."""
    return Keys([f"{name}-{row}" for row in range(count)], [f"digest-{name}-{row}" for row in range(count)])


def clouds(count: int, *, spread: float, seed: int = 1, shift: float = 0.0) -> tuple[Floats, Integers]:
    """Return embeddings (N, WIDTH) and classes (N,); the larger the spread, the more the clouds overlap."""
    generator = np.random.default_rng(seed)
    classes = np.arange(count) % 3
    centres = 3 * np.eye(3, WIDTH)
    return centres[classes] + spread * generator.normal(size=(count, WIDTH)) + shift, classes


def flipped(classes: Integers, share: float, seed: int = 2) -> Integers:
    """Return the classes with this share of them replaced by one of the two others."""
    generator = np.random.default_rng(seed)
    wrong = generator.random(len(classes)) < share
    return np.where(wrong, (classes + generator.integers(1, 3, len(classes))) % 3, classes)


def records(embeddings: Floats, labels: Integers | None) -> Records:
    """Return records with these."""
    return Records(keys(len(embeddings)), labels, embeddings)
