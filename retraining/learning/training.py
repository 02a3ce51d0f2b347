"""Train a network: one thread and a fixed seed, so that the same data make the same weights."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from inference.manifest import Manifest
from retraining.learning.examples import Examples
from retraining.learning.hyperparameters import Hyperparameters

WARM_UP = 0.25  # of the steps the learning rate rises


@dataclass(frozen=True)
class Step:
    """A step of the training, and its loss."""

    number: int
    of: int
    loss: float


def seed_everything(seed: int) -> None:
    """Make what follows repeatable: one thread adds numbers up in one order."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    torch.manual_seed(seed)


def train(
    network: nn.Module,
    examples: Examples,
    manifest: Manifest,
    how: Hyperparameters,
    on_step: Callable[[Step], None],
) -> float:
    """Train the network in place, and return how many seconds that took."""
    started = time.monotonic()
    steps = how.epochs * -(-len(examples) // how.batch_size)
    if manifest.image is None:
        learn_scale(network, torch.from_numpy(np.asarray(examples.inputs, np.float32)))
    else:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub forgets it
    network.train()
    fit(network, batches(examples, manifest, how), steps, how, on_step)
    network.eval()
    return time.monotonic() - started


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


def learn_scale(network: nn.Module, rows: torch.Tensor) -> None:
    """Fill the buffers `mean` and `std` of a network that scales its rows itself."""
    for name, buffer in network.named_buffers():
        if name in {"mean", "std"}:
            buffer.copy_(getattr(rows, name)(dim=0))


def fit(
    network: nn.Module,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    steps: int,
    how: Hyperparameters,
    on_step: Callable[[Step], None],
) -> None:
    """Train the network in place, a step per batch: AdamW, one cycle of the learning rate."""
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=how.weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, how.learning_rate, total_steps=steps, pct_start=WARM_UP
    )
    for number, (inputs, targets) in enumerate(batches, 1):
        loss = loss_of(network(inputs), targets)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        on_step(Step(number, steps, loss.item()))


def loss_of(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Compare a classifier's logits (N, K) with its classes, or a regressor's values (N, 1) with numbers."""
    if targets.dtype == torch.int64:
        return F.cross_entropy(outputs, targets)
    return F.mse_loss(outputs[:, 0], targets)
