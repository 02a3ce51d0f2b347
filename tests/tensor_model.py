"""Model packages of rows of numbers whose answers anyone can work out."""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from inference.checksum import expected_checksum, write_checksum
from inference.manifest import read_manifest
from inference.reference import write_reference

NETWORK = '''
from torch import nn


class Linear(nn.Module):
    """Maps rows (B, F) to (B, K)."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear({features}, {outputs})

    def forward(self, x):
        return self.layer(x)
'''

MANIFEST = """
name = "{name}"
version = "{version}"
network = "network.py:Linear"
weights = "artifacts/weights.safetensors"
sha256 = "artifacts/weights.sha256"
reference = "artifacts/reference.safetensors"
reference_sha256 = "artifacts/reference.sha256"
input = "tensor"
outputs = "{kind}"
classes = {classes}

[tensor]
features = {features}
mean = {mean}
std = {std}
"""


def write_regressor(folder: Path, version: str = "1") -> Path:
    """Write a package that answers 3 x1 - 2 x2 + 1."""
    weights = torch.tensor([[3.0, -2.0]])
    return _write(folder, weights, bias=[1.0], name="regressor", version=version, kind="values", classes=[])


def write_sign_classifier(folder: Path) -> Path:
    """Write a package of three features that answers whether their sum is negative or positive."""
    weights = torch.tensor([[-1.0] * 3, [1.0] * 3])
    classes = ["negative", "positive"]
    return _write(folder, weights, bias=[0, 0], name="sign", version="1", kind="logits", classes=classes)


def _write(
    folder: Path,
    weight: torch.Tensor,
    *,
    bias: list[float],
    name: str,
    version: str,
    kind: str,
    classes: list[str],
) -> Path:
    outputs, width = weight.shape
    path = folder / "artifacts/weights.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    (folder / "network.py").write_text(NETWORK.format(features=width, outputs=outputs))
    manifest = MANIFEST.format(
        name=name,
        version=version,
        kind=kind,
        classes=json.dumps(classes),
        features=json.dumps([f"x{number + 1}" for number in range(width)]),
        mean=[0.5] * width,
        std=[2.0] * width,
    )
    (folder / "model.toml").write_text(manifest)
    save_file({"layer.weight": weight, "layer.bias": torch.tensor(bias, dtype=torch.float32)}, path)
    write_checksum(path, folder / "artifacts/weights.sha256")
    return refer(folder)


def refer(folder: Path) -> Path:
    """Write a reference with the features that the manifest names now, and return the folder."""
    manifest = read_manifest(folder)
    size = (100, len(manifest.tensor_input.features))
    rows = np.random.default_rng(0).normal(0.5, 2, size).astype(np.float32)
    write_reference(folder, manifest, expected_checksum(folder, manifest.sha256), rows)
    return folder
