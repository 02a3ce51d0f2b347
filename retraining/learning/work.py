"""What a process that learns is told, and where it leaves what it has made: files in the run's folder."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict

from inference.manifest import Manifest, read_manifest
from retraining.datasets.freezing import place_of
from retraining.datasets.version import DatasetVersion
from retraining.learning.hyperparameters import Hyperparameters
from service import durable
from training_data.sides import GOLDEN, HELD_OUT, Side
from training_data.task import Task

WORK, DATASET = "work.json", "dataset.json"
WEIGHTS, CURVE, TRAINING = "weights.safetensors", "curve.csv", "training.json"
JUDGED: tuple[Side, ...] = (GOLDEN, HELD_OUT)
INSPECTED, PREDICTIONS, PACKAGE, PACKED = "inspected.npz", "predictions.npz", "package", "packed"


class Work(BaseModel):
    """What is to be learnt: written once, when the run's data set is there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    production: Path
    repository: Path
    new_shards: tuple[str, ...]  # those that the data set before had not
    candidate_version: str
    code_commit: str
    begun_at: AwareDatetime
    hyperparameters: Hyperparameters


class Folder:
    """A run's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.work = Work.model_validate_json((path / WORK).read_bytes())
        self.version = DatasetVersion.model_validate_json((path / DATASET).read_bytes())

    @property
    def manifest(self) -> Manifest:
        """Return the manifest of the package in production."""
        return read_manifest(self.work.production)

    @property
    def task(self) -> Task:
        """Return what is learnt."""
        return Task.of(self.manifest)

    def shard(self, name: str) -> Path:
        """Return where a shard of the data set is."""
        return self.work.repository / place_of(name)


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays by their names; the file has its name when it is whole."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    durable.write(path, file.getvalue())
