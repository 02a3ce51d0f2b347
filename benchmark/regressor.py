"""Write the model package of the lab's regressor: one Linear 2 → 1, with weights that anyone can check."""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from inference.checksum import sha256_of
from inference.manifest import read_manifest
from inference.reference import write_reference

WEIGHT, BIAS = (3.0, -2.0), 1.0
NETWORK = '''"""The lab's regressor."""

import torch
from torch import nn


class Regressor(nn.Module):
    """Maps two numbers to one."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, 2) to (B, 1)."""
        return self.linear(x)
'''
MANIFEST = """name = "regressor"
version = "1"
input = "tensor"
outputs = "values"
network = "network.py:Regressor"
weights = "artifacts/weights.safetensors"
sha256 = "{sha256}"
reference = "artifacts/reference.safetensors"
reference_sha256 = "artifacts/reference.sha256"

[tensor]
features = ["x1", "x2"]
"""


def write_regressor(folder: Path) -> Path:
    """Write the package to `folder` and return it."""
    weights = folder / "artifacts" / "weights.safetensors"
    weights.parent.mkdir(parents=True, exist_ok=True)
    save_file({"linear.weight": torch.tensor([WEIGHT]), "linear.bias": torch.tensor([BIAS])}, weights)
    sha256 = sha256_of(weights)
    (folder / "network.py").write_text(NETWORK, "utf-8")
    (folder / "model.toml").write_text(MANIFEST.format(sha256=sha256), "utf-8")
    rows = np.random.default_rng(0).random((500, 2), np.float32)
    write_reference(folder, read_manifest(folder), sha256, rows)
    return folder


if __name__ == "__main__":
    write_regressor(Path(sys.argv[1]))
