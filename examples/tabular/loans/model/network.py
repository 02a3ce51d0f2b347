"""The classifier's network."""

import torch
from torch import nn

FEATURES, CLASSES = 8, 2


class Tabular(nn.Module):
    """A small perceptron that scales its input itself: a client sends years and money as they are.

    Mean and standard deviation of the training rows are buffers, so they are saved with the weights.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("std", torch.ones(FEATURES))
        self.layers = nn.Sequential(
            nn.Linear(FEATURES, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, CLASSES)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map rows (B, 8) to the classes' logits (B, 2)."""
        logits: torch.Tensor = self.layers((x - self.mean) / self.std)
        return logits
