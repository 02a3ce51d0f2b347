"""Train a network on a data set."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn

from inference.fitting import fit, learn_scale
from inference.manifest import Manifest
from retraining.learning.examples import Examples
from retraining.learning.hyperparameters import Hyperparameters


def train(
    network: nn.Module,
    examples: Examples,
    manifest: Manifest,
    how: Hyperparameters,
    on_step: Callable[[float], None],
) -> float:
    """Train the network in place, and return how many seconds that took."""
    started = time.monotonic()
    if manifest.image is None:
        learn_scale(network, torch.from_numpy(np.asarray(examples.inputs, np.float32)))
    else:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub forgets it
    network.train()
    fit(network, batches(examples, manifest, how), steps_of(examples, how), how, on_step)
    network.eval()
    return time.monotonic() - started


def steps_of(examples: Examples, how: Hyperparameters) -> int:
    """Return how many steps the training has."""
    return how.epochs * -(-len(examples) // how.batch_size)


def batches(
    examples: Examples, manifest: Manifest, how: Hyperparameters
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield each epoch's examples in random order; images are mirrored, or are not, a batch at a time."""
    random = np.random.default_rng(how.seed)
    for _ in range(how.epochs):
        order = random.permutation(len(examples))
        labels = torch.split(torch.from_numpy(examples.labels[order]), how.batch_size)
        for inputs, targets in zip(examples.batches(order, how.batch_size, manifest), labels, strict=True):
            mirrored = how.mirror and manifest.image is not None and random.random() < 1 / 2
            yield (inputs.flip(3) if mirrored else inputs), targets
