"""The candidate models: the demo's own, and the published one. `model.toml` names which of them is served."""

import torch
from torch import nn
from torchvision.models import shufflenet_v2_x0_5, vgg16


class ShuffleNet(nn.Module):
    """ShuffleNet V2 (half width) whose pooled features pass through a neck: the embedding, 64 wide."""

    def __init__(self) -> None:
        super().__init__()
        self.features = shufflenet_v2_x0_5(weights=None)
        self.features.fc = nn.Identity()
        self.neck = nn.Linear(1024, 64)
        self.classifier = nn.Linear(64, 3)

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """Map images (B, 3, H, W) to embeddings (B, 64)."""
        return torch.relu(self.neck(self.features(x)))

    def head(self, z: torch.Tensor) -> torch.Tensor:
        """Map embeddings (B, 64) to the classes' logits (B, 3)."""
        logits: torch.Tensor = self.classifier(z)
        return logits

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images (B, 3, H, W) to the classes' logits (B, 3)."""
        return self.head(self.embed(x))


class PublishedVGG16(nn.Module):
    """VGG16 with a classifier of its own at the end, as published; the embedding is 256 wide.

    Its outputs are probabilities. The state dict's keys are torchvision's, with `classifier.6.0.…` and
    `classifier.6.3.…` for the two layers at the end.
    """

    def __init__(self) -> None:
        super().__init__()
        vgg = vgg16(weights=None, init_weights=False)
        vgg.classifier[6] = nn.Sequential(
            nn.Linear(4096, 256), nn.ReLU(), nn.Dropout(0.4), nn.Linear(256, 3), nn.Softmax(dim=1)
        )
        self.features, self.avgpool, self.classifier = vgg.features, vgg.avgpool, vgg.classifier

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """Map images (B, 3, 150, 150) to embeddings (B, 256)."""
        x = torch.flatten(self.avgpool(self.features(x)), 1)
        embeddings: torch.Tensor = self.classifier[6][:2](self.classifier[:6](x))
        return embeddings

    def head(self, z: torch.Tensor) -> torch.Tensor:
        """Map embeddings (B, 256) to the classes' probabilities (B, 3)."""
        probabilities: torch.Tensor = self.classifier[6][2:](z)
        return probabilities

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images (B, 3, 150, 150) to the classes' probabilities (B, 3)."""
        return self.head(self.embed(x))
