"""Load a model package: manifest, the network's code, and weights whose hash is checked before they are read.

Only `network.py`, which the operator put there, is executed. Weights never are: safetensors, or a `.pt` state
dict read with `weights_only=True`.
"""

import hashlib
import pickle
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from inference.manifest import BadModelPackage, Manifest, read_manifest
from inference.torchvision_operators import declare_missing_operators

SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, eq=False)
class ModelPackage:
    """A model in evaluation mode; the network of an image model has `embed` and `head`."""

    manifest: Manifest
    network: nn.Module
    sha256: str


def load_model_package(folder: Path) -> ModelPackage:
    """Load and verify the package in `folder`.

    Raises:
        BadModelPackage: anything in it is absent, does not fit, or has another hash than the manifest says.
    """
    manifest = read_manifest(folder)
    weights = folder / manifest.weights
    sha256 = verify_sha256(weights, expected_sha256(folder, manifest))
    network = build_network(folder, manifest)
    try:
        network.load_state_dict(read_weights(weights))
    except RuntimeError as error:
        raise BadModelPackage(f"{weights} does not fit {manifest.network}: {error}") from error
    return ModelPackage(manifest, network.eval().requires_grad_(False), sha256)


def expected_sha256(folder: Path, manifest: Manifest) -> str:
    """Return the hash that the manifest gives itself or names a file for (in the format of `sha256sum`)."""
    if SHA256.fullmatch(manifest.sha256):
        return manifest.sha256
    path = folder / manifest.sha256
    try:
        words = path.read_text("ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise BadModelPackage(f"{path}: {error}. Make it: sha256sum WEIGHTS > {path.name}") from error
    if not words or not SHA256.fullmatch(words[0]):
        raise BadModelPackage(f"{path} does not begin with 64 hexadecimal digits, as sha256sum writes them")
    return words[0]


def verify_sha256(path: Path, expected: str) -> str:
    """Return the file's SHA-256 if it is the expected one."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadModelPackage(
            f"{path}: {error}. `python download_models.py` makes the demo weights"
        ) from error
    if found != expected:
        raise BadModelPackage(f"{path} has SHA-256 {found}, the manifest expects {expected}: refused unread")
    return found


def build_network(folder: Path, manifest: Manifest) -> nn.Module:
    """Run `FILE.py` of the package's folder and make one of its `Class`, untrained."""
    declare_missing_operators()
    file_name, class_name = manifest.network.split(":")
    path = folder / file_name
    module = ModuleType(f"model_package_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where dataclasses, among others, look for it
    try:
        # Not imported: of a file that was changed a moment ago, Python would run what it cached before.
        exec(compile(path.read_bytes(), path, "exec"), vars(module))  # noqa: S102 - the operator's own code
        built = getattr(module, class_name)()
    except FileNotFoundError as error:
        raise BadModelPackage(
            f"{path} does not exist" if not path.exists() else f"{path}: {error}"
        ) from error
    except Exception as error:  # whatever the operator's code raises is the reason to show
        raise BadModelPackage(f"{path}: {class_name} cannot be made: {error!r}") from error
    methods = ("embed", "head") if manifest.input == "image" else ("forward",)
    if not isinstance(built, nn.Module) or not all(hasattr(built, name) for name in methods):
        needed = " and ".join(methods)
        raise BadModelPackage(f"{path}: {class_name} must be an nn.Module with the methods {needed}")
    return built


def read_weights(path: Path) -> Mapping[str, Any]:
    """Read a state dict without executing anything in it."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state: Mapping[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise BadModelPackage(f"{path} is not a state dict that can be read safely: {error}") from error
    if not isinstance(state, Mapping):
        raise BadModelPackage(
            f"{path} holds a {type(state).__name__}, not a state dict: save model.state_dict()"
        )
    return state
