"""The reference: the embeddings, or rows of features, that a slot's windows are compared with."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from drift_detector_server.detectors.score import Embeddings

MAX_ROWS = 5000
LARGEST = 1e15  # squared distances of larger values leave float32
REMEDY = "run `python download_models.py`, or `python -m inference.reference` for a model of your own"


class UnusableReference(Exception):
    """Tell why a reference cannot be used and what to do, in one line."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"reference {path} {reason}: {REMEDY}")


@dataclass(frozen=True, eq=False)
class Reference:
    """Embeddings (N, D) of the model `model` `version`, and the hash of the file they come from.

    A tensor model's embedding is its input: then `features` has the D names of its columns.
    """

    embeddings: Embeddings
    model: str
    version: str
    sha256: str
    features: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Return D."""
        return int(self.embeddings.shape[1])

    @property
    def values(self) -> str:
        """Say in words what the values of a row are."""
        if self.features:
            return f"{self.width} values of the features {shortened(', '.join(self.features))}"
        return f"{self.width} values of this slot's model's embedding"


def load_reference(path: Path) -> Reference:
    """Read a reference file; UnusableReference when it is missing, damaged or of no use."""
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        with safe_open(path, framework="numpy") as file:
            embeddings = file.get_tensor("embeddings")
            metadata = file.metadata() or {}
    except FileNotFoundError:
        raise UnusableReference(path, "is missing") from None
    except (OSError, SafetensorError, TypeError, ValueError) as error:
        raise UnusableReference(path, f"cannot be read ({error})") from None
    _check(path, embeddings)
    model, version = metadata.get("model", "unknown"), metadata.get("version", "unknown")
    features = _features(path, metadata.get("features", "[]"), embeddings.shape[1])
    return Reference(embeddings.astype(np.float32), model, version, sha256, features)


def _features(path: Path, text: str, width: int) -> tuple[str, ...]:
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise UnusableReference(path, "names its features other than as a JSON list of names")
    if names and not len(names) == len(set(names)) == width:
        raise UnusableReference(path, f"needs a name for each of its {width} columns, all different")
    return tuple(names)


def _check(path: Path, embeddings: Embeddings) -> None:
    if embeddings.dtype.kind != "f" or embeddings.ndim != 2 or embeddings.shape[1] == 0:
        raise UnusableReference(path, f"holds {embeddings.dtype} {embeddings.shape}, not rows of embeddings")
    if not 2 <= len(embeddings) <= MAX_ROWS:
        raise UnusableReference(path, f"has {len(embeddings)} rows, not 2 to {MAX_ROWS}")
    if not measurable(embeddings).all():
        raise UnusableReference(path, "holds NaN, infinite or huge values")


def shortened(text: str, length: int = 200) -> str:
    """Cut a text that would fill the screen."""
    return text if len(text) <= length else text[: length - 1] + "…"


def measurable(embeddings: Embeddings) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell for each row (N, D) whether distances to it can be computed: no NaN, nothing infinite or huge."""
    return np.asarray((np.abs(embeddings) <= LARGEST).all(axis=1))
