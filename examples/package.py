"""Write a model package's drift reference."""

from collections.abc import Callable
from pathlib import Path

from inference.loaded_model import LoadedModel
from inference.package import load_without_reference
from inference.reference import Embeddings, write_reference


def add_reference(package: Path, embed: Callable[[LoadedModel], Embeddings]) -> None:
    """Write the package's reference: the embeddings (N, D) that `embed` computes with its model.

    Raises:
        BadModelPackage: the package cannot be loaded, or the embeddings are out of bounds.
    """
    model = LoadedModel(load_without_reference(package))
    write_reference(package, model.manifest, model.package.weights_sha256, embed(model))
