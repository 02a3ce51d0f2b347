"""Train an example's network on rows in memory, and say how good it is."""

from itertools import repeat

import torch
from torch import nn

from examples.tabular.data import Data
from examples.training import TrainingConfig, fit
from inference.fitting import learn_scale, loss_of

STEPS = 500
CONFIGS = {
    "regressor": TrainingConfig(learning_rate=0.1, minimum_quality=0.95),
    "loans": TrainingConfig(learning_rate=0.004, minimum_quality=0.79),
}


def train(network: nn.Module, data: Data, config: TrainingConfig, name: str) -> None:
    """Train the network in place, with all rows in each step."""
    rows, targets = torch.from_numpy(data.rows), torch.from_numpy(data.targets)
    learn_scale(network, rows)
    fit(network, repeat((rows, targets), STEPS), STEPS, config, name)


def quality(network: nn.Module, data: Data) -> tuple[str, float]:
    """Return a classifier's accuracy or a regressor's R², by its name; 1 is perfect."""
    targets = torch.from_numpy(data.targets)
    with torch.inference_mode():
        outputs = network(torch.from_numpy(data.rows))
    if targets.dtype == torch.int64:
        return "accuracy", (outputs.argmax(dim=1) == targets).float().mean().item()
    return "R²", 1 - (loss_of(outputs, targets) / targets.var(correction=0)).item()
