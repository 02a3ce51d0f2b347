"""Train a network: a fixed seed and one thread, so that a machine makes the same weights every time."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from tqdm import tqdm

SEED = 20261


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How to train a network; with an accuracy or R² below `minimum_quality` it is not written.

    The learning rate is the highest one of its cycle.
    """

    learning_rate: float
    weight_decay: float = 0.0
    minimum_quality: float = 0.9


def seed_everything() -> None:
    """Make what follows repeatable: one thread adds numbers up in one order."""
    torch.set_num_threads(1)
    torch.manual_seed(SEED)


def fit(
    network: nn.Module,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    steps: int,
    config: TrainingConfig,
    name: str,
) -> None:
    """Train the network in place, a step per batch: AdamW, one cycle of the learning rate."""
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=config.weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.learning_rate, total_steps=steps, pct_start=0.25
    )
    with tqdm(batches, f"training {name}", steps, unit="batch") as bar:
        for inputs, targets in bar:
            loss = loss_of(network(inputs), targets)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)


def loss_of(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Compare a classifier's logits (N, K) with its classes, or a regressor's values (N, 1) with numbers."""
    if targets.dtype == torch.int64:
        return F.cross_entropy(outputs, targets)
    return F.mse_loss(outputs[:, 0], targets)
