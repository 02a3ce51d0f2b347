"""The features whose mean and variance are watched: a row's, or the first components of an embedding."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.manifest import Manifest

MOST_COMPONENTS = 8


@dataclass(frozen=True)
class WatchedFeatures:
    """The names of F features, and of each the mean and the variance in the training data."""

    names: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    variance: tuple[float, ...] = ()


NOTHING_WATCHED = WatchedFeatures()


def watched_features(manifest: Manifest, reference: NDArray[np.floating[Any]]) -> WatchedFeatures:
    """Return a model's features, with the moments of its reference (N, D) or those that `model.toml` has."""
    names = watched_names(manifest, reference.shape[1])
    tensor = manifest.tensor
    if tensor is not None and tensor.mean is not None and tensor.std is not None:
        return WatchedFeatures(names, tensor.mean, tuple(std * std for std in tensor.std))
    values = reference[:, : len(names)].astype(np.float64)
    return WatchedFeatures(names, tuple(values.mean(axis=0).tolist()), tuple(values.var(axis=0).tolist()))


def watched_names(manifest: Manifest, width: int) -> tuple[str, ...]:
    """Name the features of a model whose embeddings have this width."""
    if manifest.tensor is not None:
        return manifest.tensor.features
    return tuple(f"{manifest.name} embedding {number}" for number in range(min(width, MOST_COMPONENTS)))
