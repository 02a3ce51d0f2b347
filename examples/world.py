"""What the examples' worlds have in common: each draws labelled examples, as they were or as they become."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class LabelledExample:
    """An image file's bytes, or a row as a JSON object, with its true label: a class, or a number as text."""

    content_type: str
    value: bytes
    label: str


class World(Protocol):
    """Where examples come from. Drift 0 is how it was when the example's model learnt, 1 is far from that."""

    @property
    def name(self) -> str:
        """Return the name of the example."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the classes that labels are of; none where they are numbers."""

    def draw(self, rng: np.random.Generator, drift: float) -> LabelledExample:
        """Return one example, all of it decided by `rng` and the drift (0..1)."""
