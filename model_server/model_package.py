"""Load a model package: manifest, the network's code, and weights whose hash is checked before they are read.

Only `network.py`, which the operator put there, is executed. Weights never are: safetensors, or a `.pt` state
dict read with `weights_only=True`.
"""

import hashlib
import importlib.util
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from model_server.manifest import BadModelPackage, Manifest, read_manifest
from model_server.torchvision_operators import declare_missing_operators

SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, eq=False)
class ModelPackage:
    """A model that is ready to answer: `network` is in evaluation mode and has `embed` and `head`."""

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
    network = build_network(folder, manifest.network)
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


def build_network(folder: Path, network: str) -> nn.Module:
    """Import `FILE.py:Class` from the package's folder and make one, untrained."""
    declare_missing_operators()
    file_name, class_name = network.split(":")
    path = folder / file_name
    spec = importlib.util.spec_from_file_location(f"model_package_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise BadModelPackage(f"{path} does not exist")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        built = getattr(module, class_name)()
    except Exception as error:  # whatever the operator's code raises is the reason to show
        raise BadModelPackage(f"{path}: {class_name} cannot be made: {error!r}") from error
    if not isinstance(built, nn.Module) or not all(hasattr(built, name) for name in ("embed", "head")):
        raise BadModelPackage(f"{path}: {class_name} must be an nn.Module with the methods embed and head")
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
