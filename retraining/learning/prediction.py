"""What a package's model says of examples, and how long it takes."""

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.backend import Outputs
from inference.loaded_model import LoadedModel
from inference.package import load_without_reference
from retraining.learning.examples import Examples

BATCH_SIZE = 32
TIMED_BATCHES = 3
REPEATS = 15


def load_model(package: Path) -> LoadedModel:
    """Return a package's model; BadModelPackage where it cannot be loaded."""
    return LoadedModel(load_without_reference(package), warm_batch=BATCH_SIZE)


def answer(model: LoadedModel, examples: Examples) -> Outputs:
    """Return what the model says of each example, and its embeddings."""
    found = [
        model.predict(examples.inputs[start : start + BATCH_SIZE].astype(np.float32))
        for start in range(0, len(examples), BATCH_SIZE)
    ]
    return Outputs(
        np.concatenate([one.outputs for one in found]), np.concatenate([one.embeddings for one in found])
    )


def seconds_per_input(models: dict[str, LoadedModel], examples: Examples) -> dict[str, NDArray[np.float64]]:
    """Return how long each model takes for an input, REPEATS times, the models by turns."""
    count = min(len(examples), TIMED_BATCHES * BATCH_SIZE)
    inputs = examples.inputs[:count].astype(np.float32)
    found: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(REPEATS):
        for name, model in models.items():
            started = time.perf_counter()
            for start in range(0, count, BATCH_SIZE):
                model.predict(inputs[start : start + BATCH_SIZE])
            found[name].append((time.perf_counter() - started) / count)
    return {name: np.asarray(seconds) for name, seconds in found.items()}
