"""What both models said of one set of examples, and how long they took."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Integers = NDArray[np.integer]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Answers:
    """Both classifiers' probabilities (N, K) of the same N examples; ValueError if they cannot be.

    `labels` (N,) are the true classes, as columns of the probabilities.
    """

    set: str
    ids: Sequence[str]
    labels: Integers
    production: Floats
    candidate: Floats

    def __post_init__(self) -> None:
        _check_ids(self.set, self.ids)
        count = len(self.ids)
        if self.labels.shape != (count,) or not np.issubdtype(self.labels.dtype, np.integer):
            raise ValueError(f"{self.set}: {count} ids need as many labels, as whole numbers")
        if self.production.ndim != 2 or self.production.shape != self.candidate.shape:
            shapes = f"{self.production.shape} and {self.candidate.shape}"
            raise ValueError(f"{self.set}: the probabilities have the shapes {shapes}; both must be (N, K)")
        if len(self.production) != count or not self.production.shape[1]:
            raise ValueError(f"{self.set}: {count} ids, probabilities {self.production.shape}")
        if count and not np.isin(self.labels, np.arange(self.production.shape[1])).all():
            raise ValueError(f"{self.set}: a label is no column of the {self.production.shape[1]} classes")
        for name, one in (("production", self.production), ("the candidate", self.candidate)):
            if not (np.all(one >= 0) and np.all(np.abs(one.sum(axis=1) - 1) < 1e-3)):
                raise ValueError(f"{self.set}: what {name} answered are no probabilities that add up to 1")

    @property
    def production_right(self) -> Booleans:
        """Return where production's likeliest class is the label, (N,)."""
        right: Booleans = self.production.argmax(axis=1) == self.labels
        return right

    @property
    def candidate_right(self) -> Booleans:
        """Return where the candidate's likeliest class is the label, (N,)."""
        right: Booleans = self.candidate.argmax(axis=1) == self.labels
        return right


@dataclass(frozen=True, eq=False)
class Values:
    """Both regressors' values (N,) for the same N targets, in one order; ValueError if they cannot be."""

    set: str
    ids: Sequence[str]
    targets: Floats
    production: Floats
    candidate: Floats

    def __post_init__(self) -> None:
        _check_ids(self.set, self.ids)
        for one in (self.targets, self.production, self.candidate):
            if one.shape != (len(self.ids),) or not np.isfinite(one).all():
                raise ValueError(f"{self.set}: {len(self.ids)} ids need as many finite numbers of each kind")


@dataclass(frozen=True, eq=False)
class Latencies:
    """Seconds per input (R,) of R repeats, in each of which both models answered the same inputs."""

    production: Floats
    candidate: Floats

    def __post_init__(self) -> None:
        if self.production.ndim != 1 or self.production.shape != self.candidate.shape:
            raise ValueError(
                "latencies are compared in pairs: as many repeats of production as of the candidate"
            )
        both = np.concatenate([self.production, self.candidate])
        if not (np.isfinite(both).all() and (both > 0).all()):
            raise ValueError("a latency is a number of seconds above 0")


def _check_ids(name: str, ids: Sequence[str]) -> None:
    repeated = [one for one, count in Counter(ids).items() if count > 1]
    if repeated:
        raise ValueError(f"{name}: {repeated[0]!r} is there twice; an example counts once")
