"""How an example's network is trained, shown as a bar."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn
from tqdm import tqdm

from inference import fitting

SEED = 20261


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How to train a network; with an accuracy or R² below `minimum_quality` it is not written.

    The learning rate is the highest one of its cycle.
    """

    learning_rate: float
    weight_decay: float = 0.0
    minimum_quality: float = 0.9


def fit(
    network: nn.Module,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    steps: int,
    config: TrainingConfig,
    name: str,
) -> None:
    """Train the network in place, a step per batch."""
    with tqdm(batches, f"training {name}", steps, unit="batch") as bar:
        fitting.fit(
            network,
            bar,
            steps,
            config,
            lambda loss: bar.set_postfix(loss=f"{loss:.3f}", refresh=False),
        )
