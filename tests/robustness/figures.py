"""What came of many requests, as numbers and as a table."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from threading import Lock
from typing import Any

OK = "200"
SHARES = {"p50_ms": 0.5, "p99_ms": 0.99, "max_ms": 1.0}


@dataclass
class Outcomes:
    """Requests by what came of them, a status or a failure's name, and how long each took."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def add(self, outcome: str, seconds: float) -> None:
        """Count one request."""
        with self._lock:
            self.counts[outcome] += 1
            self.seconds.append(seconds)

    @property
    def total(self) -> int:
        """Return how many requests have ended."""
        return self.counts.total()

    @property
    def lost(self) -> int:
        """Return how many came to anything but 200."""
        return self.total - self.counts[OK]

    def as_json(self) -> dict[str, Any]:
        """Return the figures; times in milliseconds."""
        times = {name: round(1000 * quantile(self.seconds, share), 1) for name, share in SHARES.items()}
        counted = {"requests": self.total, "ok": self.counts[OK], "lost": self.lost}
        return {**counted, "outcomes": dict(self.counts), **(times if self.seconds else {})}


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed; NaN of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def slope_per_hour(lives: Sequence[Sequence[tuple[float, float]]]) -> float:
    """Return the least-squares slope of (seconds, value) samples, per hour; 0 where there are too few.

    Each life of a process has a level of its own, and all have the slope in common: a process that is
    replaced by a fresh one would else seem to shrink.
    """
    covariance = variance = 0.0
    for life in lives:
        if life:
            middle = fmean(seconds for seconds, _ in life)
            covariance += sum((seconds - middle) * value for seconds, value in life)
            variance += sum((seconds - middle) ** 2 for seconds, _ in life)
    return 3600 * covariance / variance if variance else 0.0


def counted(counts: Mapping[str, int]) -> str:
    """Return counts in a line, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return " ".join(f"{name}:{count}" for name, count in ordered)


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows under their heads in aligned columns; all but the first and the last to the right."""
    cells = [list(heads), *[[cell_text(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    lines = []
    for row in cells:
        first, *middle, last = (
            cell.ljust(width) if place in {0, len(heads) - 1} else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *middle, last]).rstrip())
    return "\n".join(lines)


def cell_text(cell: object) -> str:
    """Return a number without decimals, and all else as it is."""
    return f"{cell:.0f}" if isinstance(cell, float) else str(cell)
