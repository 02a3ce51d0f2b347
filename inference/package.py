"""Load a model package: manifest, the network's code, reference, and weights, verified before they are read.

Only `network.py`, which the operator put there, is executed. Weights never are: safetensors, or a `.pt` state
dict read with `weights_only=True`.
"""

import pickle
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from inference.checksum import checksum_file, verified_weights, write_checksum
from inference.identity import unchanged
from inference.lineage import read_lineage
from inference.manifest import BadModelPackage, Manifest, read_manifest
from inference.reference import read_reference
from inference.torchvision_operators import declare_missing_operators
from inference.watched_features import NOTHING_WATCHED, WatchedFeatures, watched_features


@dataclass(frozen=True, eq=False)
class ModelPackage:
    """A model in evaluation mode; the network of an image model has `embed` and `head`.

    `sha256` is the package's checksum, `reference_width` how many values a row of its reference has,
    `watched` what that says of the features. A package that has no reference yet has none of them.
    """

    manifest: Manifest
    network: nn.Module
    weights_sha256: str
    sha256: str | None = None
    reference_width: int | None = None
    watched: WatchedFeatures = NOTHING_WATCHED


def load_model_package(folder: Path) -> ModelPackage:
    """Load and verify the package in `folder`: it is whole, or it is refused.

    Raises:
        BadModelPackage: something in it is absent, does not fit, or has another checksum than declared.
    """
    with unchanged(folder) as identity:
        package = load_without_reference(folder, identity.manifest)
        reference = read_reference(folder, identity.manifest)
        read_lineage(folder, identity.manifest)
    watched = watched_features(identity.manifest, reference.embeddings)
    return replace(package, sha256=identity.sha256, reference_width=reference.width, watched=watched)


def load_without_reference(folder: Path, manifest: Manifest | None = None) -> ModelPackage:
    """Load and verify what a reference is computed with.

    Raises:
        BadModelPackage: it is absent, does not fit, or has another checksum than the manifest says.
    """
    manifest = manifest or read_manifest(folder)
    sha256 = verified_weights(folder, manifest.weights, manifest.sha256)
    network = build_network(folder, manifest)
    weights = folder / manifest.weights
    try:
        network.load_state_dict(read_weights(weights))
    except RuntimeError as error:
        raise BadModelPackage(f"{weights} does not fit {manifest.network}: {error}") from error
    return ModelPackage(manifest, network.eval().requires_grad_(False), sha256)


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


def write_weights(folder: Path, manifest: Manifest, state: Mapping[str, torch.Tensor]) -> str:
    """Write a state dict as safetensors, and its checksum, which is returned; its name has a whole file only.

    Raises:
        BadModelPackage: `model.toml` leaves no place for the checksum.
    """
    path, checksum = folder / manifest.weights, checksum_file(folder, manifest.sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    # not save_file: its files can be read by their owner only, and containers run as somebody else
    part.write_bytes(save({name: value.contiguous() for name, value in state.items()}))
    part.replace(path)
    return write_checksum(path, checksum)
