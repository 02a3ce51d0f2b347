"""Read what lies in a run's folder, as far as the run has come; what is not there is left out."""

import csv
import json
import logging
import zipfile
from collections.abc import Callable, Container, Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from typing import TypeVar

import numpy as np

from inference.lineage import Lineage, read_lineage
from inference.manifest import BadModelPackage, read_manifest
from retraining.datasets.freezing import place_of
from retraining.datasets.version import DatasetVersion
from retraining.gate.evidence import Floats
from retraining.learning.work import CURVE, DATASET, INSPECTED, PACKAGE, PREDICTIONS, TRAINING, WORK, Work
from retraining.report.found import Arrays, Example, Found, Model, Training
from retraining.report.mistakes import Mistake, ids_of, mistakes_of
from retraining.report.thumbnails import thumbnail
from retraining.runs.run import Run
from training_data.record import Record
from training_data.shard import read_shard
from training_data.sides import GOLDEN, HELD_OUT
from training_data.task import Task

LIBRARIES = ("torch", "torchvision", "numpy", "pillow", "safetensors")
EMBEDDINGS = ("new/embeddings", "old/embeddings")
UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, BadModelPackage)

logger = logging.getLogger(__name__)
T = TypeVar("T")


def read(folder: Path, run: Run, task: Task) -> Found:
    """Return what the run's folder holds."""
    version = _read(folder / DATASET, lambda path: DatasetVersion.model_validate_json(path.read_bytes()))
    work = _read(folder / WORK, lambda path: Work.model_validate_json(path.read_bytes()))
    training = _read(folder / TRAINING, lambda path: Training(**json.loads(path.read_bytes())))
    predictions = _read(folder / PREDICTIONS, read_arrays) or {}
    is_packaged = "package" in run.steps and run.steps["package"].ended_at is not None
    lineage = _read(folder / PACKAGE, read_lineage_of) if is_packaged else None
    shown = mistakes_of(run, predictions, task).shown
    examples = read_examples(work.repository, version, shown, task) if work and version else {}
    return Found(
        version=version,
        new_shards=work.new_shards if work else (),
        production=_read(work.production, read_model) if work else None,
        hyperparameters=work.hyperparameters if work else None,
        code_commit=work.code_commit if work else "",
        training=training,
        losses=np.zeros(0) if (losses := _read(folder / CURVE, read_losses)) is None else losses,
        inspected=_read(folder / INSPECTED, partial(read_arrays, names=EMBEDDINGS)) or {},
        predictions=predictions,
        examples=examples,
        lineage=lineage,
        libraries=libraries(lineage) if training else {},
    )


def _read(path: Path, how: Callable[[Path], T]) -> T | None:
    """Return what is there; None of what is not, or cannot be read: a report has the rest."""
    if not path.exists():
        return None
    try:
        return how(path)
    except UNREADABLE as error:
        logger.warning("%s cannot be read: %s", path, error)
        return None


def read_arrays(path: Path, names: Container[str] | None = None) -> Arrays:
    """Return a file's arrays by their names, or those with these."""
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files if names is None or name in names}


def read_losses(path: Path) -> Floats:
    """Return the loss of each step; a training that was killed may have left half a line."""
    with path.open(newline="", encoding="utf-8") as file:
        return np.asarray([float(line[1]) for line in list(csv.reader(file))[1:] if _is_whole(line)])


def _is_whole(line: list[str]) -> bool:
    try:
        float(line[1])
    except (IndexError, ValueError):
        return False
    return True


def read_model(package: Path) -> Model:
    """Return which model a package holds."""
    manifest = read_manifest(package)
    return Model(manifest.name, manifest.version)


def read_lineage_of(package: Path) -> Lineage | None:
    """Return a package's lineage."""
    return read_lineage(package, read_manifest(package))


def libraries(lineage: Lineage | None) -> dict[str, str]:
    """Return the versions that a candidate was made with; without a lineage those that are here."""
    if lineage is not None:
        return dict(lineage.library_versions)
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = installed(name)
        except PackageNotFoundError:
            continue
    return found


def read_examples(
    repository: Path, version: DatasetVersion, shown: tuple[Mistake, ...], task: Task
) -> dict[str, Example]:
    """Return what the records of these mistakes hold; those whose shard is gone are left out."""
    return {
        record.id: Example(thumbnail(record.content) if task.kind == "image" else None, record.values)
        for record in _records(repository, version, shown, task)
    }


def _records(
    repository: Path, version: DatasetVersion, shown: tuple[Mistake, ...], task: Task
) -> Iterator[Record]:
    for side in (GOLDEN, HELD_OUT):
        missing = ids_of(shown, side)
        for shard in version.shards:
            if missing and side in shard.counts:
                read = partial(read_records, task=task, ids=frozenset(missing))
                for record in _read(repository / place_of(shard.name), read) or ():
                    missing.discard(record.id)
                    yield record


def read_records(path: Path, task: Task, ids: Container[str]) -> list[Record]:
    """Return the records of a shard that have these ids."""
    return list(read_shard(path, task, ids=ids))
