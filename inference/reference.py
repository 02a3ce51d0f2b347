"""The reference of a model package: embeddings, or rows of numbers, that its traffic is compared with.

All that writes and reads one is here, without PyTorch. `python -m inference.reference` computes one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from inference.checksum import checksum_file, expected_checksum, verify_checksum, write_checksum
from inference.manifest import BadModelPackage, Manifest

FEWEST, MOST = 50, 5000  # the detector compares each window with all of them
LARGEST = 1e15  # squared distances of larger values leave float32
NAME = "embeddings"
REMEDY = "run `python download_models.py`, or `python -m inference.reference` for a model of your own"

Embeddings = NDArray[np.float32]


class UnusableReference(BadModelPackage):
    """A reference cannot be used: why, and what to do."""

    def __init__(self, path: Path | str, reason: str, remedy: str = REMEDY) -> None:
        super().__init__(f"reference {path} {reason}", remedy)


@dataclass(frozen=True, eq=False)
class Reference:
    """Embeddings (N, D) float32 of the model `model` `version`, and the checksum of the file they come from.

    A tensor model's embedding is its input: then `features` has the D names of its columns. `weights_sha256`
    is of the weights that the embeddings were computed with.
    """

    embeddings: Embeddings
    model: str
    version: str
    sha256: str
    features: tuple[str, ...] = ()
    weights_sha256: str = ""

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


def write_reference(folder: Path, manifest: Manifest, weights_sha256: str, embeddings: Embeddings) -> None:
    """Write the embeddings (N, D) and their checksum into the package, where its manifest says.

    Raises:
        BadModelPackage: they are out of bounds, or `model.toml` leaves no place for the checksum.
    """
    path = folder / manifest.reference
    checksum = checksum_file(folder, manifest.reference_sha256)
    check_bounds(path, embeddings)
    metadata = {"model": manifest.name, "version": manifest.version, "weights_sha256": weights_sha256}
    if manifest.tensor is not None:
        metadata["features"] = json.dumps(manifest.tensor.features)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(in_order(save({NAME: np.ascontiguousarray(embeddings, np.float32)}, metadata)))
    part.replace(path)
    write_checksum(path, checksum)


def read_reference(folder: Path, manifest: Manifest) -> Reference:
    """Read a package's reference; whether its width is the embedding's, only the network can tell.

    Raises:
        BadModelPackage: it is absent, has another checksum, is out of bounds, or is another model's.
    """
    reference = parse_reference(folder / manifest.reference, read_content(folder, manifest))
    check_fit(folder, manifest, reference)
    return reference


def read_content(folder: Path, manifest: Manifest) -> bytes:
    """Return the bytes of a package's reference, read once, if they have their checksum.

    Raises:
        BadModelPackage: the file is absent or has another checksum.
    """
    path = folder / manifest.reference
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UnusableReference(path, "is missing") from None
    except OSError as error:
        raise UnusableReference(path, f"cannot be read ({error})") from None
    found = hashlib.sha256(content).hexdigest()
    verify_checksum(path, found, folder, manifest.reference_sha256, REMEDY)
    return content


def parse_reference(path: Path, content: bytes) -> Reference:
    """Parse a reference file's content.

    Raises:
        UnusableReference: it is damaged or out of bounds.
    """
    try:
        embeddings, metadata = load(content)[NAME], read_metadata(content)
    except KeyError:
        raise UnusableReference(path, f"cannot be read (it has no tensor {NAME})") from None
    except (SafetensorError, TypeError, ValueError) as error:
        raise UnusableReference(path, f"cannot be read ({error})") from None
    check_bounds(path, embeddings)
    return Reference(
        embeddings.astype(np.float32),
        metadata.get("model", "unknown"),
        metadata.get("version", "unknown"),
        hashlib.sha256(content).hexdigest(),
        read_features(path, metadata.get("features", "[]"), embeddings.shape[1]),
        metadata.get("weights_sha256", ""),
    )


def read_metadata(content: bytes) -> Mapping[str, str]:
    """Return what a safetensors file says of itself; its library gives that only of files, not of bytes."""
    metadata: Mapping[str, str] = split_header(content)[0].get("__metadata__", {})
    return metadata


def in_order(content: bytes) -> bytes:
    """Sort a safetensors file's header, which the library writes in another order every time."""
    header, data = split_header(content)
    text = json.dumps(header, sort_keys=True).encode()
    text += b" " * (-len(text) % 8)  # as the format says, so that the numbers are aligned
    return len(text).to_bytes(8, "little") + text + data


def split_header(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Split a safetensors file: 8 bytes of length, a JSON header, the numbers."""
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end]), content[end:]


def read_features(path: Path, text: str, width: int) -> tuple[str, ...]:
    """Return the names in a JSON list, one for each column; none for embeddings."""
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise UnusableReference(path, "names its features other than as a JSON list of names")
    if names and not len(names) == len(set(names)) == width:
        raise UnusableReference(path, f"needs a name for each of its {width} columns, all different")
    return tuple(names)


def check_bounds(path: Path | str, embeddings: NDArray[np.generic]) -> None:
    """Check what every reference must be: FEWEST to MOST rows of finite numbers."""
    if embeddings.dtype.kind != "f" or embeddings.ndim != 2 or embeddings.shape[1] == 0:
        raise UnusableReference(path, f"holds {embeddings.dtype} {embeddings.shape}, not rows of embeddings")
    if not FEWEST <= len(embeddings) <= MOST:
        advice = f"give {FEWEST} to {MOST}, 500 to 1000 are best"
        raise UnusableReference(path, f"has {len(embeddings)} rows, not {FEWEST} to {MOST}", advice)
    if not measurable(embeddings).all():
        raise UnusableReference(path, "holds NaN, infinite or huge values")


def check_fit(folder: Path, manifest: Manifest, reference: Reference) -> None:
    """Check that a reference is of the model that the manifest describes."""
    path = folder / manifest.reference
    features = () if manifest.tensor is None else manifest.tensor.features
    if reference.features != features:
        wanted = shortened(", ".join(features)) or "none, as the model takes images"
        raise UnusableReference(path, f"has other features than model.toml: {wanted}")
    made_with = expected_checksum(folder, manifest.sha256)
    if not features and reference.weights_sha256 != made_with:  # a row of numbers does not pass the network
        raise UnusableReference(path, "was made with other weights")


def measurable(embeddings: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Tell for each row (N, D) whether distances to it can be computed: no NaN, nothing infinite or huge."""
    return np.asarray((np.abs(embeddings) <= LARGEST).all(axis=1))


def shortened(text: str, length: int = 200) -> str:
    """Cut a text that would fill the screen."""
    return text if len(text) <= length else text[: length - 1] + "…"


if __name__ == "__main__":
    from inference.compute_reference import main  # with PyTorch, which reading one does without

    main()
