"""A project folder in small, for the tests of what fills it."""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from examples.fruit.artifacts import Artifacts, Options, check_slot
from examples.fruit.image_set import CLASSES
from examples.fruit.slot_packages import SlotPackage, Source, slot_packages
from inference.checksum import write_checksum
from inference.manifest import ImageInput, Manifest
from inference.reference import write_reference

PROJECT = Path(__file__).parents[4]
NOWHERE = "http://127.0.0.1:9/"
COLOURS = {"apple": (200, 30, 30), "grapes": (80, 40, 160), "lemon": (230, 210, 60)}

TINY_NETWORK = '''
import torch
from torch import nn


class Tiny(nn.Module):
    """Embeds an image as its mean colour."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Linear(3, 3)

    def embed(self, x):
        return x.mean(dim=(2, 3))

    def head(self, z):
        return self.scale(z)

    def forward(self, x):
        return self.head(self.embed(x))
'''

TINY = Manifest(
    name="tiny",
    version="1",
    classes=CLASSES,
    network="network.py:Tiny",
    weights="artifacts/weights.safetensors",
    sha256="artifacts/weights.sha256",
    reference="artifacts/reference.safetensors",
    reference_sha256="artifacts/reference.sha256",
    input="image",
    image=ImageInput(size=16, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
)


def copy_packages(root: Path) -> tuple[SlotPackage, SlotPackage]:
    """Copy both committed model packages, without artifacts, to an empty project."""
    for slot in slot_packages(root):
        slot.package.joinpath("artifacts").mkdir(parents=True)
        for name in ("network.py", "model.toml"):
            shutil.copy(PROJECT / slot.package.relative_to(root) / name, slot.package / name)
    return slot_packages(root)


def write_artifacts(slot: SlotPackage, source: Source = Source.DEMO) -> None:
    """Write weights, checksum and reference that are whole, though no network would take them."""
    manifest = slot.manifests[source]
    weights = slot.package / manifest.weights
    weights.write_bytes(b"numbers")
    write_reference_of(slot, write_checksum(weights, slot.package / manifest.sha256), source)


def write_reference_of(slot: SlotPackage, weights_sha256: str, source: Source = Source.DEMO) -> None:
    """Write a reference that says which weights it was made with."""
    write_reference(slot.package, slot.manifests[source], weights_sha256, np.zeros((50, 2), np.float32))


def check(
    slot: SlotPackage, root: Path, source: Source = Source.DEMO, images: Path | None = None
) -> Artifacts:
    """Return the slot's artifacts with what is wrong with them."""
    return check_slot(slot, slot.manifests[source], Options(root, source, images, NOWHERE))


def tiny_slot(root: Path) -> SlotPackage:
    """Write a package with a tiny network and return its slot."""
    package = root / "model_server/model"
    package.joinpath("artifacts").mkdir(parents=True)
    package.joinpath("network.py").write_text(TINY_NETWORK)
    slot = SlotPackage("model_server", package, {Source.DEMO: TINY})
    slot.use(Source.DEMO)
    return slot


def write_coloured_images(folder: Path, split: str, per_class: int) -> None:
    """Write one-coloured pictures, a colour for each class."""
    for label, colour in COLOURS.items():
        target = folder / split / label
        target.mkdir(parents=True)
        for number in range(per_class):
            shade = tuple(max(channel - number, 0) for channel in colour)
            Image.new("RGB", (20, 16), shade).save(target / f"{number:04}.jpg")
