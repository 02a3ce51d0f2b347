"""Model packages with no network worth the name: all that a detector reads of one."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.identity import identify
from inference.manifest import read_manifest
from inference.reference import write_reference

MANIFEST = """
name = "{name}"
version = "{version}"
network = "network.py:Network"
weights = "artifacts/weights.safetensors"
sha256 = "{weights_sha256}"
reference = "artifacts/reference.safetensors"
reference_sha256 = "artifacts/reference.sha256"
classes = ["apple", "lemon"]
"""
IMAGE = """
input = "image"
[image]
size = 150
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]
"""
WEIGHTS_SHA256 = "0" * 64


def write_package(
    folder: Path,
    embeddings: NDArray[np.float32],
    *,
    name: str = "small-cnn",
    version: str = "1",
    features: Sequence[str] = (),
) -> Path:
    """Write a package with this reference, of images or of rows with features, and return its folder."""
    manifest = MANIFEST.format(name=name, version=version, weights_sha256=WEIGHTS_SHA256)
    tensor = f'input = "tensor"\n[tensor]\nfeatures = {json.dumps(list(features))}\n'
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "network.py").write_text("# not read here")
    (folder / "model.toml").write_text(manifest + (tensor if features else IMAGE))
    write_reference(folder, read_manifest(folder), WEIGHTS_SHA256, embeddings)
    return folder


def sha256_of_package(folder: Path) -> str:
    """Return the package's checksum."""
    return identify(folder).sha256
