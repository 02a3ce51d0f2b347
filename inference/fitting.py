"""Fit a network: on one thread and with a seed, so that a machine makes the same weights each time."""

from collections.abc import Callable, Iterable
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import nn

WARM_UP = 0.25  # of the steps the learning rate rises


class HowToFit(Protocol):
    """The learning rate is the highest one of its cycle."""

    @property
    def learning_rate(self) -> float:
        """Return it."""

    @property
    def weight_decay(self) -> float:
        """Return it."""


def seed_everything(seed: int) -> None:
    """Make what follows repeatable: one thread adds numbers up in one order."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)


def fit(
    network: nn.Module,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    steps: int,
    how: HowToFit,
    on_step: Callable[[float], None],
) -> None:
    """Fit the network in place, a step per batch: AdamW, one cycle of the learning rate.

    `on_step` is told the loss of each step.
    """
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=how.weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, how.learning_rate, total_steps=steps, pct_start=WARM_UP
    )
    for inputs, targets in batches:
        loss = loss_of(network(inputs), targets)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        on_step(loss.item())


def loss_of(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Compare a classifier's logits (N, K) with its classes, or a regressor's values (N, 1) with numbers."""
    if targets.dtype == torch.int64:
        return F.cross_entropy(outputs, targets)
    return F.mse_loss(outputs[:, 0], targets)


def learn_scale(network: nn.Module, rows: torch.Tensor) -> None:
    """Fill the buffers `mean` and `std` of a network that scales its rows itself."""
    for name, buffer in network.named_buffers():
        if name in {"mean", "std"}:
            buffer.copy_(getattr(rows, name)(dim=0))
