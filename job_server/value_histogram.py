"""A histogram of values whose range nobody knows before."""

import math
from collections import Counter

from job_server.job import Document

MOST_BINS = 20
DIGITS = 24  # of float32, in which the network answers: values that differ are no closer
SMALLEST = 2.0**-126


class ValueHistogram:
    """At most MOST_BINS bins of one width, which doubles when a value lies too far off."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._width = SMALLEST

    def add(self, value: float) -> None:
        """Count a finite value."""
        if not self._counts:
            self._width = math.ldexp(1, math.frexp(value or SMALLEST)[1] - DIGITS)
        self._counts[math.floor(value / self._width)] += 1
        while max(self._counts) - min(self._counts) >= MOST_BINS:
            wider: Counter[int] = Counter()
            for place, count in self._counts.items():
                wider[place // 2] += count
            self._counts, self._width = wider, 2 * self._width

    def to_document(self) -> Document | None:
        """Return where the first bin begins, the width, and each bin's count; None without values."""
        if not self._counts:
            return None
        first, last = min(self._counts), max(self._counts)
        counts = [self._counts[place] for place in range(first, last + 1)]
        return {"low": first * self._width, "width": self._width, "counts": counts}
