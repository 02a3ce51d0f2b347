"""What a detector is: something that scores a batch against its reference."""

import math
import zlib
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Embeddings = NDArray[np.float32]
SEED = 20261121


@dataclass(frozen=True)
class FeatureScore:
    """What a test says of one feature of a batch."""

    name: str
    p_value: float
    distance: float
    drift: bool


@dataclass(frozen=True)
class Score:
    """What a test says of one batch; `features` only where the reference names them."""

    p_value: float
    distance: float  # in the detector's measure; an unbiased one may be a little below 0
    threshold: float  # the distance above which the p-value is below its threshold
    features: tuple[FeatureScore, ...] = ()

    @property
    def drift(self) -> bool:
        """Tell whether the batch differs from the reference."""
        return self.distance > self.threshold


class Detector(Protocol):
    """Scores batches (n, width) float32, n >= 2, against the reference it was made with."""

    name: str

    def score(self, batch: Embeddings, p_value_threshold: float) -> Score:
        """Test the batch; the same batch always gets the same score."""
        ...


def p_value(reached: int, permutations: int) -> float:
    """Return the p-value when `reached` of the permuted distances are at least the observed one.

    Phipson & Smyth (2010), "Permutation p-values should never be zero": the observed order is one of the
    permutations, so it counts as one that reached the distance.
    """
    return (1 + reached) / (1 + permutations)


def most_reached(p_value_threshold: float, permutations: int) -> int:
    """Return the largest `reached` whose p-value is below the threshold; ValueError when even 0 is not.

    Of the permuted distances in falling order, the one at this index is the distance's threshold.
    """
    reached = math.ceil(p_value_threshold * (1 + permutations)) - 2
    if reached < 0:
        raise ValueError(
            f"{permutations} permutations cannot show a p-value below {p_value_threshold:g}: "
            f"use a threshold above {p_value(0, permutations):.2g}, or more PERMUTATIONS"
        )
    return reached


def seed_of(batch: Embeddings) -> int:
    """Return a seed that depends on the batch: repeatable, yet other permutations for each window."""
    return SEED ^ zlib.crc32(batch.tobytes())
