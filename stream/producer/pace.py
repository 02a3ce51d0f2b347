"""A steady rate: when the next record is due."""

LATEST_SECONDS = 1.0


class Pace:
    """Says how long to wait. Of a delay at most a second is caught up: no flood follows a pause."""

    def __init__(self) -> None:
        self._due: float | None = None

    def seconds_left(self, now: float, rate: float) -> float:
        """Return how long to wait for the next record at so many a second; 0: it is due."""
        if self._due is None:
            self._due = now
        self._due = min(max(self._due, now - LATEST_SECONDS), now + 1 / rate)
        return max(0.0, self._due - now)

    def made(self, rate: float) -> None:
        """Note that a record was made: the next one is due later."""
        if self._due is not None:
            self._due += 1 / rate

    def pause(self) -> None:
        """Forget what was due."""
        self._due = None
