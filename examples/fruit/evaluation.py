"""How often a model was right, and what it took for what."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Evaluation:
    """Counts of true class (row) against answer (column)."""

    classes: Sequence[str]
    confusion: Sequence[Sequence[int]]

    @property
    def count(self) -> int:
        """Return how many images were answered."""
        return sum(map(sum, self.confusion))

    @property
    def accuracy(self) -> float:
        """Return the share of right answers."""
        return sum(row[index] for index, row in enumerate(self.confusion)) / self.count

    def table(self) -> str:
        """Return the confusion as a table: a row per true class, a column per answer."""
        lines = [f"{'true / answer':>15}" + "".join(f"{name:>8}" for name in self.classes)]
        for name, row in zip(self.classes, self.confusion, strict=True):
            lines.append(f"{name:>15}" + "".join(f"{number:>8}" for number in row))
        return "\n".join(lines)
