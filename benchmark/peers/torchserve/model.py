"""The lab's regressor for TorchServe's archive: one Linear 2 → 1."""

import torch
from torch import nn


class Regressor(nn.Module):
    """Maps two numbers to one."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, 2) to (B, 1)."""
        answer: torch.Tensor = self.linear(x)
        return answer
