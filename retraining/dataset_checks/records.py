"""A dataset as the checks see it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retraining.gate.evidence import Floats, Integers


@dataclass(frozen=True, eq=False)
class Keys:
    """The ids of records and the digests of their content, one for each; ValueError if they are not."""

    ids: Sequence[str]
    digests: Sequence[str]

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.digests):
            raise ValueError(f"{len(self.ids)} ids and {len(self.digests)} digests: one of each for a record")


@dataclass(frozen=True, eq=False)
class Records:
    """N records: `labels` (N,) class indices or None of a regressor's, `embeddings` (N, D), finite."""

    keys: Keys
    labels: Integers | None
    embeddings: Floats

    def __post_init__(self) -> None:
        count = len(self.keys.ids)
        if self.embeddings.ndim != 2 or len(self.embeddings) != count:
            raise ValueError(f"{count} records need embeddings ({count}, D), not {self.embeddings.shape}")
        if not np.isfinite(self.embeddings).all():
            raise ValueError("an embedding is not finite")
        if self.labels is not None and self.labels.shape != (count,):
            raise ValueError(f"{count} records need as many labels, not {self.labels.shape}")


@dataclass(frozen=True, eq=False)
class Answered:
    """What the model in production says of records: labels (N,) and its probabilities (N, K)."""

    labels: Integers
    probabilities: Floats

    def __post_init__(self) -> None:
        if self.probabilities.ndim != 2 or len(self.probabilities) != len(self.labels):
            raise ValueError(f"{len(self.labels)} labels, probabilities {self.probabilities.shape}")

    def contradicted(self, confidence: float) -> float:
        """Return the share of labels that it contradicts with more than this probability; NaN without any."""
        if not len(self.labels):
            return float("nan")
        sure = self.probabilities.max(axis=1) > confidence
        return float(np.mean(sure & (self.probabilities.argmax(axis=1) != self.labels)))
