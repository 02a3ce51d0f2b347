"""Make what a slot lacks: the demo's weights from the rendered images, the reference from any."""

from pathlib import Path

import torch
from safetensors.torch import save
from torch import nn

from examples.fruit.dataset import load_split
from examples.fruit.evaluation import evaluate
from examples.fruit.evaluation_report import Evaluation
from examples.fruit.image_set import TEST, TRAIN
from examples.fruit.orders import Order
from examples.fruit.slots import Slot, Source
from examples.fruit.training import RECIPES, Recipe, seed_everything, train
from inference.checksum import checksum_file, write_checksum
from inference.compute_reference import Unusable, embed_images, find_images
from inference.decoding import NotAnImage, TooManyPixels
from inference.loaded_model import LoadedModel
from inference.manifest import BadModelPackage, Manifest
from inference.package import build_network, load_without_reference, read_weights
from inference.reference import write_reference

LEAST_ACCURACY = 0.9


class CannotMake(Exception):
    """A model or a reference cannot be made; the message says why."""


def make(order: Order, threads: int) -> Evaluation | None:
    """Make what the order asks for; return how good the model is if it was trained.

    Raises:
        CannotMake: the model is too weak, the images or weights are no good.
    """
    try:
        evaluation = None
        if order.weights and order.source is Source.DEMO:
            evaluation = make_weights(order.slot, order.manifest, order.images, RECIPES[order.slot.name])
        order.slot.use(order.source)
        torch.set_num_threads(threads)
        make_reference(order.slot, order.reference_images)
    except (BadModelPackage, NotAnImage, TooManyPixels, Unusable, OSError) as error:
        raise CannotMake(str(error)) from error
    return evaluation


def make_weights(slot: Slot, manifest: Manifest, images: Path, recipe: Recipe) -> Evaluation:
    """Train the slot's demo model and write its weights and their hash.

    Raises:
        BadModelPackage: `model.toml` leaves no place for the checksum.
        CannotMake: its accuracy on the held-out images is below LEAST_ACCURACY; nothing is written.
    """
    checksum = checksum_file(slot.package, manifest.sha256)
    seed_everything()
    network = build_network(slot.package, manifest)
    train(network, load_split(images, TRAIN, manifest.image_input), recipe, manifest.name)
    evaluation = evaluate(network, load_split(images, TEST, manifest.image_input), manifest.classes)
    if evaluation.accuracy < LEAST_ACCURACY:
        raise CannotMake(
            f"{manifest.name} has a held-out accuracy of {evaluation.accuracy:.4f}; below {LEAST_ACCURACY}"
            f" no model is written\n{evaluation.table()}"
        )
    write_weights(network, slot.package / manifest.weights)
    write_checksum(slot.package / manifest.weights, checksum)
    return evaluation


def write_weights(network: nn.Module, path: Path) -> None:
    """Write the state dict as safetensors; under its name it is always whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    # not save_file: its files can be read by their owner only, and containers run as somebody else
    part.write_bytes(save({name: value.contiguous() for name, value in network.state_dict().items()}))
    part.replace(path)


def make_reference(slot: Slot, images: Path) -> None:
    """Write the reference into the slot's package: the embeddings of the images in the folder."""
    found = find_images(images)
    model = LoadedModel(load_without_reference(slot.package))
    embeddings = embed_images(model, found)
    write_reference(slot.package, model.manifest, model.package.weights_sha256, embeddings)


def check_fit(slot: Slot, manifest: Manifest, weights: Path) -> None:
    """Check that a file holds the state dict of the slot's network.

    Raises:
        BadModelPackage: it does not.
    """
    try:
        build_network(slot.package, manifest).load_state_dict(read_weights(weights))
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise BadModelPackage(f"it does not fit {manifest.network}: {reason[:200]}") from error
