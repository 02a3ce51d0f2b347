"""A model that serves, in this process or in others: what is known of it, and what it answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inference.manifest import Manifest

Rows = NDArray[np.float32]
Data = bytes | Rows  # one image's bytes, or rows (N, F) of a tensor model


class NoFiniteAnswer(Exception):
    """The model answered with NaN or infinity."""


@dataclass(frozen=True, eq=False)
class Outputs:
    """What the network says of a batch: `outputs` (B, K) and `embeddings` (B, D), both float32.

    The outputs are the classes' probabilities, or a regressor's values. A tensor is its own embedding.
    """

    outputs: Rows
    embeddings: Rows

    def finite_rows(self) -> NDArray[np.bool_]:
        """Tell which rows (B,) hold neither NaN nor infinity."""
        finite = np.isfinite(self.outputs).all(axis=1) & np.isfinite(self.embeddings).all(axis=1)
        return np.asarray(finite)


@dataclass(frozen=True, eq=False)
class ModelInfo:
    """What is known of a model without asking it; `sha256` is its package's checksum, `output_width` is K."""

    manifest: Manifest
    sha256: str
    output_width: int
    is_quick: bool

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that say who answered."""
        return {"X-Model": self.manifest.name, "X-Model-Version": self.manifest.version}


@dataclass(frozen=True)
class InferenceSettings:
    """How a model package is loaded and asked; see `ModelServerSettings`."""

    package: Path
    device: str = "cpu"
    torch_threads: int = 1
    batch_size: int = 1
    max_pixels: int = 25_000_000


@dataclass(frozen=True, eq=False)
class Answers:
    """For each of the data outputs, or the exception that is its answer; how long each forward pass took."""

    items: Sequence[Outputs | Exception]
    seconds: Sequence[float]


class ServedModel(Protocol):
    """A model that answers batches, from several threads at once."""

    @property
    def info(self) -> ModelInfo:
        """Return what is known of it."""

    def answer(self, data: Iterable[Data]) -> Answers:
        """Answer images, or rows, together."""
