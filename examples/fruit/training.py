"""Train a demo model: a fixed seed and one thread, so that a machine makes the same weights every time."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from tqdm import tqdm

from examples.fruit.dataset import BATCH_SIZE, Dataset
from service.slots import CANDIDATE, STABLE

SEED = 20261


@dataclass(frozen=True)
class Recipe:
    """How long and how fast to train; `sizes` has the side of the images in each epoch."""

    sizes: tuple[int, ...]
    learning_rate: float
    weight_decay: float = 1e-2


RECIPES = {
    STABLE: Recipe(sizes=(150,) * 4, learning_rate=1.5e-3),
    # small images first are a quarter of the work; the last epoch sees them as large as they will be served
    CANDIDATE: Recipe(sizes=(64,) * 4 + (96,) * 6 + (150,), learning_rate=8e-3, weight_decay=5e-2),
}


def seed_everything() -> None:
    """Make what follows repeatable: one thread adds numbers up in one order."""
    torch.set_num_threads(1)
    torch.manual_seed(SEED)


def train(network: nn.Module, dataset: Dataset, recipe: Recipe, name: str) -> None:
    """Train the network in place: AdamW, one cycle of the learning rate, images and their mirror images."""
    network.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]  # torch's stub forgets it
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=recipe.weight_decay, fused=True)
    per_epoch = -(-len(dataset.labels) // BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=per_epoch * len(recipe.sizes), pct_start=0.25
    )
    with tqdm(desc=f"training {name}", total=per_epoch * len(recipe.sizes), unit="batch") as bar:
        for size in recipe.sizes:
            for inputs, labels in dataset.batches(torch.randperm(len(dataset.labels))):
                loss = F.cross_entropy(network(prepared(inputs, size)), labels)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.step()
                bar.update()
                bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)


def prepared(inputs: torch.Tensor, size: int) -> torch.Tensor:
    """Return a batch for training: every other time mirrored, and scaled to `size`."""
    if torch.rand(()) < 0.5:
        inputs = inputs.flip(3)
    if inputs.shape[-1] != size:
        inputs = F.interpolate(inputs, size=(size, size), mode="bilinear", antialias=True)
    return inputs.contiguous(memory_format=torch.channels_last)
