"""A model package whose answers anyone can work out: the dominant colour of an image."""

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from inference.checksum import write_checksum
from inference.manifest import read_manifest
from inference.reference import write_reference

NETWORK = '''
import torch
from torch import nn


class Colour(nn.Module):
    """Embeds an image as its mean colour (B, 3) and answers the strongest channel."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Linear(3, 3, bias=False)

    def embed(self, x):
        return x.mean(dim=(2, 3))

    def head(self, z):
        return self.scale(z)
'''

MANIFEST = """
name = "colour"
version = "{version}"
classes = ["red", "green", "blue"]
network = "network.py:Colour"
weights = "artifacts/weights.safetensors"
sha256 = "artifacts/weights.sha256"
reference = "artifacts/reference.safetensors"
reference_sha256 = "artifacts/reference.sha256"
input = "image"

[image]
size = 16
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
"""

COLOURS = {"red": (230, 20, 20), "green": (20, 230, 20), "blue": (20, 20, 230)}


def write_colour_package(folder: Path, version: str = "1") -> Path:
    """Write the package to `folder` and return it."""
    weights = folder / "artifacts/weights.safetensors"
    weights.parent.mkdir(parents=True, exist_ok=True)
    (folder / "network.py").write_text(NETWORK)
    (folder / "model.toml").write_text(MANIFEST.format(version=version))
    save_file({"scale.weight": 5 * torch.eye(3)}, weights)
    sha256 = write_checksum(weights, folder / "artifacts/weights.sha256")
    embeddings = np.random.default_rng(0).random((60, 3), np.float32)
    write_reference(folder, read_manifest(folder), sha256, embeddings)
    return folder


def colour_image(colour: str, format_name: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    """Return an encoded image of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, COLOURS[colour]).save(file, format_name)
    return file.getvalue()
