"""What lies in a run's folder, as far as the run has come."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.lineage import Lineage
from retraining.datasets.version import DatasetVersion
from retraining.gate.evidence import Floats
from retraining.learning.hyperparameters import Hyperparameters

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Example:
    """What a record holds: of an image a `data:` URI, if it can be shown; of a row its values."""

    picture: str | None = None
    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class Training:
    """How long it took, and of how many examples."""

    seconds: float
    examples: int
    weights_sha256: str


@dataclass(frozen=True)
class Model:
    """A model by its name and version."""

    name: str
    version: str


@dataclass(frozen=True, eq=False)
class Found:
    """What has been found; what is not there is None or empty."""

    version: DatasetVersion | None = None
    new_shards: tuple[str, ...] = ()
    production: Model | None = None
    hyperparameters: Hyperparameters | None = None
    code_commit: str = ""
    training: Training | None = None
    losses: Floats = field(default_factory=lambda: np.zeros(0))
    inspected: Arrays = field(default_factory=dict)
    predictions: Arrays = field(default_factory=dict)
    examples: Mapping[str, Example] = field(default_factory=dict)
    lineage: Lineage | None = None
    libraries: Mapping[str, str] = field(default_factory=dict)
