"""What a drill's candidate does beside predicting: each class goes before the stable slot's own network.

A drill writes this module's text into the candidate's package, where the model server runs it.
"""

import time

import torch

SLOWER_SECONDS = 0.1
FAILING_PERCENT = 30
MISTAKEN_PERCENT = 12  # some were wrong before, or become right: 10 points less in all


class AsGood:
    """Adds nothing."""


class Slow:
    """Takes longer."""

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """Map images (B, 3, H, W) to embeddings, and wait before."""
        time.sleep(SLOWER_SECONDS)
        embedding: torch.Tensor = super().embed(x)  # type: ignore[misc]  # the network's, next in line
        return embedding


class Failing:
    """Fails some images, always the same; the blank ones that a server tries a package with never."""

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """Map images (B, 3, H, W) to embeddings; RuntimeError where one of them is to fail."""
        blank = x.flatten(2).std(dim=2).amax(dim=1) < 1e-6
        if (drawn(x.flatten(1), FAILING_PERCENT) & ~blank).any():
            raise RuntimeError("a drill: this image makes the network fail")
        embedding: torch.Tensor = super().embed(x)  # type: ignore[misc]  # the network's, next in line
        return embedding


class Mistaken:
    """Gives some images the label of the next class, and is as sure of it."""

    def head(self, z: torch.Tensor) -> torch.Tensor:
        """Map embeddings (B, D) to the classes' outputs (B, K)."""
        outputs: torch.Tensor = super().head(z)  # type: ignore[misc]  # the network's, next in line
        return torch.where(drawn(z, MISTAKEN_PERCENT)[:, None], outputs.roll(1, dims=1), outputs)


def drawn(rows: torch.Tensor, percent: int) -> torch.Tensor:
    """Return (B,) which of the rows (B, N) are among that many percent, by nothing but what is in them."""
    mantissa, _ = torch.frexp(rows.double().abs().sum(dim=1))
    return (mantissa * 1e5).long() % 100 < percent
