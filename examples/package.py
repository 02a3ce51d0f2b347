"""Write a model package's artifacts: the weights with their checksum, and the drift reference."""

from collections.abc import Callable
from pathlib import Path

from safetensors.torch import save
from torch import nn

from examples.checksum import write_sha256
from inference.loaded_model import LoadedModel
from inference.manifest import Manifest
from inference.package import load_model_package
from inference.reference import Embeddings, write_reference


def write_weights(network: nn.Module, package: Path, manifest: Manifest) -> None:
    """Write the state dict as safetensors, and its checksum; a file is complete when it gets its name."""
    path = package / manifest.weights
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    # not save_file: its files can be read by their owner only, and containers run as somebody else
    part.write_bytes(save({name: value.contiguous() for name, value in network.state_dict().items()}))
    part.replace(path)
    write_sha256(path, package / manifest.sha256)


def add_reference(package: Path, embed: Callable[[LoadedModel], Embeddings], output: Path) -> None:
    """Write the package's reference: the embeddings (N, D) that `embed` computes with its model.

    Raises:
        BadModelPackage: the package cannot be loaded.
        Unusable: the embeddings are too few, or too many.
    """
    model = LoadedModel(load_model_package(package))
    write_reference(model, embed(model), output)
