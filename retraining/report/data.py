"""What a report says of the data set: counts, times, what is new and how far it has moved."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retraining.datasets.version import DatasetVersion, ShardSummary
from retraining.gate.evidence import Floats
from retraining.report import charts
from retraining.report.charts import Chart
from retraining.report.found import Arrays, Found
from retraining.report.words import moment, number
from training_data.sides import SIDES
from training_data.task import Task

MOST_CLASSES, MOST_FEATURES = 40, 20


@dataclass(frozen=True)
class ClassRow:
    """A class's records: of each side all and the new ones, and both in percent of the largest class."""

    name: str
    sides: tuple[tuple[int, int], ...]
    old_share: float
    new_share: float


@dataclass(frozen=True)
class Moved:
    """A feature's mean among the records before and the new ones, and how far it has moved in deviations."""

    feature: str
    before: str
    now: str
    deviations: float


@dataclass(frozen=True)
class Data:
    """The data set."""

    terms: tuple[tuple[str, str], ...]
    sides: tuple[str, ...]
    classes: tuple[ClassRow, ...]
    total: ClassRow
    more_classes: int
    map: Chart | None
    moved: tuple[Moved, ...]


def data_of(found: Found, task: Task) -> Data | None:
    """Return what is known of the data set; None where none was made."""
    version = found.version
    if version is None:
        return None
    new = [one for one in version.shards if one.name in found.new_shards]
    names = sorted({name for one in version.shards for labels in one.counts.values() for name in labels})
    rows = [_row(name, version.shards, new) for name in names]
    largest = max((sum(count for count, _ in row) for row in rows), default=0) or 1
    classes = tuple(_shares(name, row, largest) for name, row in zip(names, rows, strict=True))
    whole = [
        (sum(row[side][0] for row in rows), sum(row[side][1] for row in rows)) for side in range(len(SIDES))
    ]
    return Data(
        terms=_terms(version, new),
        sides=tuple(SIDES),
        classes=classes[:MOST_CLASSES],
        total=_shares("all", whole, sum(count for count, _ in whole) or 1),
        more_classes=max(0, len(classes) - MOST_CLASSES),
        map=_map(found.inspected),
        moved=moved(found.inspected, task.features),
    )


def _terms(version: DatasetVersion, new: Sequence[ShardSummary]) -> tuple[tuple[str, str], ...]:
    terms = [("Number", str(version.number)), ("Id", version.id), ("Made", moment(version.created_at))]
    if version.parent is not None:
        terms.append(("Parent", f"data set {version.parent}"))
    for name, shards in (("Recorded", version.shards), ("New ones recorded", new)):
        if shards:
            first, last = min(one.first for one in shards), max(one.last for one in shards)
            terms.append((name, f"{moment(first)} to {moment(last)}"))
    terms.append(("Shards", f"{len(version.shards)}, of these {len(new)} new"))
    return tuple(terms)


def _row(name: str, shards: Sequence[ShardSummary], new: Sequence[ShardSummary]) -> list[tuple[int, int]]:
    def count(of: Sequence[ShardSummary], side: str) -> int:
        return sum(labels.get(name, 0) for one in of for at, labels in one.counts.items() if at == side)

    return [(count(shards, side), count(new, side)) for side in SIDES]


def _shares(name: str, row: Sequence[tuple[int, int]], largest: int) -> ClassRow:
    every, new = (sum(pair[place] for pair in row) for place in (0, 1))
    return ClassRow(name, tuple(row), round(100 * (every - new) / largest, 2), round(100 * new / largest, 2))


def _map(inspected: Arrays) -> Chart | None:
    if "new/embeddings" not in inspected or "old/embeddings" not in inspected:
        return None
    return charts.map_of_inputs(inspected["new/embeddings"], inspected["old/embeddings"])


def moved(inspected: Arrays, features: tuple[str, ...]) -> tuple[Moved, ...]:
    """Return the features of rows by how far their means have moved; a row is its own embedding."""
    new, old = inspected.get("new/embeddings"), inspected.get("old/embeddings")
    if new is None or old is None or not features or {new.shape[1], old.shape[1]} != {len(features)}:
        return ()
    before, now, deviation = _means(old), _means(new), old.std(axis=0, dtype=np.float64)
    distances = (now - before) / np.where(deviation > 0, deviation, 1.0)
    order = np.argsort(-np.abs(distances), kind="stable")[:MOST_FEATURES].tolist()
    return tuple(
        Moved(features[one], number(float(before[one])), number(float(now[one])), float(distances[one]))
        for one in order
    )


def _means(values: Floats) -> Floats:
    return np.asarray(values.mean(axis=0, dtype=np.float64))
