"""Train a network on the rendered images, and count what it takes for what."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from examples.fruit.dataset import BATCH_SIZE, Dataset
from examples.fruit.evaluation import Evaluation
from examples.training import TrainingConfig, fit
from service.slots import CANDIDATE, STABLE


@dataclass(frozen=True, kw_only=True)
class ImageTrainingConfig(TrainingConfig):
    """How to train on images; `image_sizes` has the side of the images in each epoch."""

    image_sizes: tuple[int, ...]
    weight_decay: float = 1e-2


CONFIGS = {
    STABLE: ImageTrainingConfig(image_sizes=(150,) * 4, learning_rate=1.5e-3),
    # small images first are a quarter of the work; the last epoch sees them as large as they will be served
    CANDIDATE: ImageTrainingConfig(
        image_sizes=(64,) * 4 + (96,) * 6 + (150,), learning_rate=8e-3, weight_decay=5e-2
    ),
}


def train(network: nn.Module, dataset: Dataset, config: ImageTrainingConfig, name: str) -> None:
    """Train the network in place."""
    network.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]  # torch's stub forgets it
    steps_per_epoch = -(-len(dataset.labels) // BATCH_SIZE)
    steps = steps_per_epoch * len(config.image_sizes)
    fit(network, augmented_batches(dataset, config.image_sizes), steps, config, name)


def augmented_batches(
    dataset: Dataset, image_sizes: Sequence[int]
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield each epoch's images in random order, scaled to its size, every other batch mirrored."""
    for size in image_sizes:
        for inputs, labels in dataset.batches(torch.randperm(len(dataset.labels))):
            yield augment(inputs, size), labels


def augment(inputs: torch.Tensor, size: int) -> torch.Tensor:
    """Return a batch (B, 3, S, S) as (B, 3, size, size), mirrored with a probability of a half."""
    if torch.rand(()) < 0.5:
        inputs = inputs.flip(3)
    if inputs.shape[-1] != size:
        inputs = F.interpolate(inputs, size=(size, size), mode="bilinear", antialias=True)
    return inputs.contiguous(memory_format=torch.channels_last)


def evaluate(network: nn.Module, dataset: Dataset, classes: Sequence[str]) -> Evaluation:
    """Return what the network takes held-out images for."""
    count = len(classes)
    confusion = torch.zeros(count, count, dtype=torch.int64)
    network.eval()
    with torch.inference_mode():
        for inputs, labels in dataset.batches(torch.arange(len(dataset.labels))):
            answers = network(inputs).argmax(dim=1)
            confusion += torch.bincount(labels * count + answers, minlength=count**2).reshape(count, count)
    return Evaluation(tuple(classes), confusion.tolist())
