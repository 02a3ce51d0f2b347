"""Write a model package's artifacts: the weights with their checksum, and the drift reference."""

from collections.abc import Callable
from pathlib import Path

from safetensors.torch import save
from torch import nn

from inference.checksum import checksum_file, write_checksum
from inference.loaded_model import LoadedModel
from inference.manifest import Manifest
from inference.package import load_without_reference
from inference.reference import Embeddings, write_reference


def write_weights(network: nn.Module, package: Path, manifest: Manifest) -> None:
    """Write the state dict as safetensors, and its checksum; a file is complete when it gets its name.

    Raises:
        BadModelPackage: `model.toml` leaves no place for the checksum.
    """
    path, checksum = package / manifest.weights, checksum_file(package, manifest.sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    # not save_file: its files can be read by their owner only, and containers run as somebody else
    part.write_bytes(save({name: value.contiguous() for name, value in network.state_dict().items()}))
    part.replace(path)
    write_checksum(path, checksum)


def add_reference(package: Path, embed: Callable[[LoadedModel], Embeddings]) -> None:
    """Write the package's reference: the embeddings (N, D) that `embed` computes with its model.

    Raises:
        BadModelPackage: the package cannot be loaded, or the embeddings are out of bounds.
    """
    model = LoadedModel(load_without_reference(package))
    write_reference(package, model.manifest, model.package.weights_sha256, embed(model))
