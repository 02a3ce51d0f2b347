"""Confusion matrices side by side; of very many classes the pairs that are confused most."""

from dataclasses import dataclass

from retraining.gate.mistakes import Confusion, Counts
from retraining.report.words import percent

MOST_CLASSES = 20
MOST_PAIRS = 20
LEVELS = 10


@dataclass(frozen=True)
class Cell:
    """A count, and how large a part of its row it is: from 0 to LEVELS."""

    count: int
    level: int
    is_right: bool
    title: str


@dataclass(frozen=True)
class Matrix:
    """One model's: of each true class a row of cells."""

    model: str
    accuracy: str
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True)
class Pair:
    """A class that was taken for another one, and how often by each model."""

    label: str
    answer: str
    production: int
    candidate: int


@dataclass(frozen=True)
class Matrices:
    """Both models' on a set; `pairs` where there are too many classes for a matrix."""

    set: str
    classes: tuple[str, ...]
    matrices: tuple[Matrix, ...]
    pairs: tuple[Pair, ...]


def matrices_of(confusion: Confusion) -> Matrices:
    """Return what is shown of it."""
    if len(confusion.classes) > MOST_CLASSES:
        return Matrices(confusion.set, confusion.classes, (), _pairs(confusion))
    models = (("production", confusion.production), ("candidate", confusion.candidate))
    matrices = tuple(_matrix(name, counts, confusion.classes) for name, counts in models)
    return Matrices(confusion.set, confusion.classes, matrices, ())


def _matrix(model: str, counts: Counts, classes: tuple[str, ...]) -> Matrix:
    rows = []
    for place, (name, row) in enumerate(zip(classes, counts, strict=True)):
        total = sum(row)
        cells = tuple(
            Cell(
                count,
                -(-LEVELS * count // total) if total else 0,
                answer == place,
                f"{count} of {total}: {name} taken for {classes[answer]}",
            )
            for answer, count in enumerate(row)
        )
        rows.append((name, cells))
    total = sum(map(sum, counts))
    right = sum(row[place] for place, row in enumerate(counts))
    return Matrix(model, f"{percent(right / total)} right" if total else "no examples", tuple(rows))


def _pairs(confusion: Confusion) -> tuple[Pair, ...]:
    classes = confusion.classes
    found = [
        Pair(classes[label], classes[answer], confusion.production[label][answer], count)
        for label, row in enumerate(confusion.candidate)
        for answer, count in enumerate(row)
        if label != answer and (count or confusion.production[label][answer])
    ]
    found.sort(key=lambda one: (-one.candidate, -one.production, one.label, one.answer))
    return tuple(found[:MOST_PAIRS])
