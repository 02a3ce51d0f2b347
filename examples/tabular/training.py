"""Train an example's network on rows in memory, and say how good it is."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from tqdm import tqdm

from examples.tabular.data import Data

STEPS = 500


@dataclass(frozen=True)
class Recipe:
    """How fast to train, and how good a model must be to be written: its accuracy or R²."""

    learning_rate: float
    least_quality: float


RECIPES = {"regressor": Recipe(0.1, 0.95), "loans": Recipe(0.004, 0.79)}


def train(network: nn.Module, data: Data, learning_rate: float, name: str) -> None:
    """Train the network in place with AdamW, all rows in each step; repeatable on one machine."""
    rows, targets = torch.from_numpy(data.rows), torch.from_numpy(data.targets)
    learn_scale(network, rows)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=STEPS)
    for _ in tqdm(range(STEPS), desc=f"training {name}", unit="step"):
        optimizer.zero_grad()
        loss_of(network(rows), targets).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()


def learn_scale(network: nn.Module, rows: torch.Tensor) -> None:
    """Fill the buffers `mean` and `std` of a network that scales its input itself."""
    for name, buffer in network.named_buffers():
        if name in {"mean", "std"}:
            buffer.copy_(getattr(rows, name)(dim=0))


def loss_of(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Compare a classifier's logits (N, K) with classes, or a regressor's values (N, 1) with numbers."""
    if targets.dtype == torch.int64:
        return F.cross_entropy(outputs, targets)
    return F.mse_loss(outputs[:, 0], targets)


def quality(network: nn.Module, data: Data) -> tuple[str, float]:
    """Return a classifier's accuracy or a regressor's R², by its name; 1 is perfect."""
    targets = torch.from_numpy(data.targets)
    with torch.inference_mode():
        outputs = network(torch.from_numpy(data.rows))
    if targets.dtype == torch.int64:
        return "accuracy", (outputs.argmax(dim=1) == targets).float().mean().item()
    return "R²", 1 - (loss_of(outputs, targets) / targets.var(correction=0)).item()
