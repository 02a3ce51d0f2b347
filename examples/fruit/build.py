"""Build what a slot lacks: the demo's weights from the rendered images, the reference from any."""

from pathlib import Path

import torch

from examples.fruit.artifacts import Artifacts
from examples.fruit.dataset import load_split
from examples.fruit.evaluation import Evaluation
from examples.fruit.image_set import TEST, TRAIN
from examples.fruit.slot_packages import SlotPackage, Source
from examples.fruit.train import CONFIGS, ImageTrainingConfig, evaluate, train
from examples.package import add_reference
from examples.training import SEED
from inference.checksum import checksum_file
from inference.compute_reference import Unusable, embed_images, find_images
from inference.decoding import NotAnImage, TooManyPixels
from inference.fitting import seed_everything
from inference.manifest import BadModelPackage, Manifest
from inference.package import build_network, read_weights, write_weights


class BuildError(Exception):
    """A model or a reference cannot be built; the message says why."""


def build(artifacts: Artifacts, threads: int) -> Evaluation | None:
    """Build what is missing of a slot's artifacts; return how good the model is if it was trained.

    Raises:
        BuildError: the model is too weak, the images or weights are no good.
    """
    slot = artifacts.slot
    try:
        evaluation = None
        if artifacts.weights_fault and artifacts.source is Source.DEMO:
            evaluation = build_weights(slot, artifacts.manifest, artifacts.images, CONFIGS[slot.name])
        slot.use(artifacts.source)
        torch.set_num_threads(threads)
        build_reference(slot, artifacts.reference_images)
    except (BadModelPackage, NotAnImage, TooManyPixels, Unusable, OSError) as error:
        raise BuildError(str(error)) from error
    return evaluation


def build_weights(
    slot: SlotPackage, manifest: Manifest, images: Path, config: ImageTrainingConfig
) -> Evaluation:
    """Train the slot's demo model and write its weights and their checksum.

    Raises:
        BadModelPackage: `model.toml` leaves no place for the checksum.
        BuildError: its accuracy on the held-out images is below the minimum; nothing is written.
    """
    checksum_file(slot.package, manifest.sha256)  # before the work of training
    seed_everything(SEED)
    network = build_network(slot.package, manifest)
    train(network, load_split(images, TRAIN, manifest.image_input), config, manifest.name)
    evaluation = evaluate(network, load_split(images, TEST, manifest.image_input), manifest.classes)
    if evaluation.accuracy < config.minimum_quality:
        raise BuildError(
            f"{manifest.name} has a held-out accuracy of {evaluation.accuracy:.4f}; below"
            f" {config.minimum_quality} no model is written\n{evaluation.table()}"
        )
    write_weights(slot.package, manifest, network.state_dict())
    return evaluation


def build_reference(slot: SlotPackage, images: Path) -> None:
    """Write the reference into the slot's package: the embeddings of the images in the folder."""
    found = find_images(images)
    add_reference(slot.package, lambda model: embed_images(model, found))


def check_fit(slot: SlotPackage, manifest: Manifest, weights: Path) -> None:
    """Check that a file holds the state dict of the slot's network.

    Raises:
        BadModelPackage: it does not.
    """
    try:
        build_network(slot.package, manifest).load_state_dict(read_weights(weights))
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise BadModelPackage(f"it does not fit {manifest.network}: {reason[:200]}") from error
