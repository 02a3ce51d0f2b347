"""What a backend is: a model that predicts batches, in this process or in worker processes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inference.image_limits import DEFAULT_FORMATS
from inference.manifest import Manifest
from inference.watched_features import NOTHING_WATCHED, WatchedFeatures

Rows = NDArray[np.float32]
ModelInput = bytes | Rows  # one image's bytes, or rows (N, F) of a tensor model


class NonFiniteOutput(Exception):
    """The model's output holds NaN or infinity."""


class CostsTooMuch(Exception):
    """The image takes more time or memory than one may."""


class OutOfTime(Exception):
    """The image was not predicted in its time beside all else that this machine does."""


class Unfinished(Exception):
    """The batch ended before this input's turn: it goes with the next one."""


class PredictAlone(Exception):
    """The image is to be predicted by itself.

    It `costs_much`, and then gives way to the others, or its batch was lost, by whatever fault.
    """

    def __init__(self, costs_much: bool = True) -> None:
        super().__init__(costs_much)
        self.costs_much = costs_much


@dataclass(frozen=True, eq=False)
class Outputs:
    """What the network returns for a batch: `outputs` (B, K) and `embeddings` (B, D), both float32.

    The outputs are the classes' probabilities, or a regressor's values. A row is its own embedding.
    """

    outputs: Rows
    embeddings: Rows

    def finite_rows(self) -> NDArray[np.bool_]:
        """Tell which rows (B,) hold neither NaN nor infinity."""
        finite = np.isfinite(self.outputs).all(axis=1) & np.isfinite(self.embeddings).all(axis=1)
        return np.asarray(finite)


@dataclass(frozen=True, eq=False)
class ModelInfo:
    """What is known of a loaded model; `sha256` is its package's checksum.

    `output_width` is K; `batch_seconds` is what the forward pass of a full batch took when it was loaded;
    `watched` has no features where the package has no reference yet.
    """

    manifest: Manifest
    sha256: str
    output_width: int
    batch_seconds: float
    watched: WatchedFeatures = NOTHING_WATCHED

    @property
    def headers(self) -> dict[str, str]:
        """Return the response headers that name the model."""
        return {"X-Model": self.manifest.name, "X-Model-Version": self.manifest.version}


@dataclass(frozen=True)
class BackendSettings:
    """How a backend loads a model package and runs it; `batch_size` is what it is warmed up with.

    Images have at most `max_pixels`, are of `image_formats`, and may take `image_seconds` of time each.
    """

    package: Path
    device: str = "cpu"
    torch_threads: int = 1
    batch_size: int = 1
    max_pixels: int = 25_000_000
    image_formats: tuple[str, ...] = DEFAULT_FORMATS
    image_seconds: float = 2.0


@dataclass(frozen=True, eq=False)
class BatchResult:
    """Outputs, or an exception, for each input of a batch; the seconds that each forward pass took."""

    items: Sequence[Outputs | Exception]
    seconds: Sequence[float]


class Backend(Protocol):
    """A loaded model that predicts batches, from several threads at once."""

    @property
    def info(self) -> ModelInfo:
        """Return what is known of the model."""

    def predict(self, inputs: Iterable[ModelInput], *, alone: PredictAlone | None = None) -> BatchResult:
        """Predict images, or rows, as one batch; or one image `alone`, with what it came back with."""
