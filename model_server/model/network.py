"""The stable model: a small CNN in the manner of LeNet, for images of 150 x 150 pixels."""

import torch
import torch.nn.functional as F
from torch import nn


class SmallCNN(nn.Module):
    """Two convolutions and three fully connected layers; the embedding is the second one's, 84 wide."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, kernel_size=5)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.fc1 = nn.Linear(16 * 34 * 34, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 3)

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """Map images (B, 3, 150, 150) to embeddings (B, 84)."""
        # pooling before the ReLU gives the same numbers as after it, from a quarter of the work
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        x = F.relu(self.fc1(torch.flatten(x, 1)))
        return F.relu(self.fc2(x))

    def head(self, z: torch.Tensor) -> torch.Tensor:
        """Map embeddings (B, 84) to the classes' logits (B, 3)."""
        logits: torch.Tensor = self.fc3(z)
        return logits

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images (B, 3, 150, 150) to the classes' logits (B, 3)."""
        return self.head(self.embed(x))
