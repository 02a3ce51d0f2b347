"""Say whether weights and references are there and whole, without importing torch: a second run is quick."""

import hashlib
from pathlib import Path

from safetensors import SafetensorError, safe_open

from inference.manifest import Manifest


def sha256_of(path: Path) -> str:
    """Return the file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_sha256(path: Path, hash_file: Path) -> None:
    """Write the file's SHA-256 as `sha256sum` would, so that `sha256sum -c` can check it."""
    hash_file.write_text(f"{sha256_of(path)}  {path.name}\n", "ascii")


def expected_sha256(package: Path, manifest: Manifest) -> str | None:
    """Return the hash that the weights should have, None if nobody wrote it down."""
    path = package / manifest.sha256
    if not path.is_file():
        return None
    return next(iter(path.read_text("ascii", "replace").split()), None)


def weights_fault(package: Path, manifest: Manifest) -> str | None:
    """Return what is wrong with the package's weights, None if they are whole."""
    weights = package / manifest.weights
    if not weights.is_file():
        return f"{weights} is not there"
    if sha256_of(weights) != expected_sha256(package, manifest):
        return f"{weights} does not have the hash in {manifest.sha256}"
    return None


def reference_fault(reference: Path, weights_sha256: str | None) -> str | None:
    """Return what is wrong with a reference, None if it is whole and made with these weights."""
    if not reference.is_file():
        return f"{reference} is not there"
    try:
        with safe_open(reference, framework="numpy") as file:
            made_with = (file.metadata() or {}).get("weights_sha256")
            rows = file.get_slice("embeddings").get_shape()[0]
    except (SafetensorError, OSError) as error:
        return f"{reference} cannot be read: {error}"
    if made_with != weights_sha256 or not rows:
        return f"{reference} was made with other weights"
    return None
