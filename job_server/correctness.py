"""How far answers agree with the labels that came with their inputs."""

import math
from collections import Counter
from collections.abc import Iterator

from job_server.inputs.row import BadRow, parse_number
from job_server.job import Document

MOST_LABELS = 50
LARGEST = 3.4028235e38  # that a network, whose values are float32, could say


class Confusion:
    """Which class was said of which label; pairs with a name beyond the first MOST_LABELS are counted."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._pairs: Counter[tuple[str, str]] = Counter()
        self._count = self._right = self._other = 0

    def add(self, label: str, said: str) -> None:
        """Count a labelled answer."""
        self._count += 1
        self._right += label == said
        names = self._names | {label, said}
        if len(names) > MOST_LABELS:
            self._other += 1
            return
        self._names = names
        self._pairs[label, said] += 1

    def to_document(self) -> Document | None:
        """Return accuracy and confusion, None without labels."""
        if not self._count:
            return None
        confusion = {label: dict(self._said_of(label)) for label in sorted({one for one, _ in self._pairs})}
        accuracy = self._right / self._count
        return {"n": self._count, "accuracy": accuracy, "confusion": confusion, "other": self._other}

    def _said_of(self, label: str) -> Iterator[tuple[str, int]]:
        return ((said, count) for (one, said), count in sorted(self._pairs.items()) if one == label)


class Distance:
    """How far values are from labels that are numbers; one that no network could say counts for nothing."""

    def __init__(self) -> None:
        self._count = 0
        self._norm = 0.0

    def add(self, label: str, value: float) -> None:
        """Count a labelled value."""
        try:
            expected = parse_number("label", label)
        except BadRow:
            return
        if abs(expected) <= LARGEST:
            self._norm = math.hypot(self._norm, value - expected)
            self._count += 1

    def to_document(self) -> Document | None:
        """Return the root of the mean squared error, None without labels."""
        if not self._count:
            return None
        return {"n": self._count, "rmse": self._norm / math.sqrt(self._count)}
