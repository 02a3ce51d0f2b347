"""What workers write, as lines of the server's log: decoders in C write to stderr, and at length."""

import logging
import time
from collections.abc import Callable
from typing import IO

LONGEST_LINE = 500
LINES = 20
PERIOD_SECONDS = 10.0

logger = logging.getLogger(__name__)


class LineLimit:
    """Lets through so many lines a period and counts the rest; `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._period_began = clock()
        self._lines = 0

    def let_through(self) -> tuple[bool, int]:
        """Tell whether a line may pass, and how many did not in the period that has ended just now."""
        withheld = 0
        now = self._clock()
        if now - self._period_began >= PERIOD_SECONDS:
            withheld = max(0, self._lines - LINES)
            self._period_began, self._lines = now, 0
        self._lines += 1
        return self._lines <= LINES, withheld

    @property
    def is_reached(self) -> bool:
        """Tell whether the last line was the first one that did not pass."""
        return self._lines == LINES + 1


def log_lines(file: IO[bytes] | None) -> None:
    """Log each line, shortened and within the limit, until all who write have ended."""
    assert file is not None  # noqa: S101 - Popen makes it
    limit = LineLimit()
    with file:
        while line := file.readline(LONGEST_LINE):
            may_pass, withheld = limit.let_through()
            if withheld:
                logger.warning("workers wrote more than is shown", extra={"lines_left_out": withheld})
            if limit.is_reached:
                logger.warning("workers write more than is shown, for up to %g s", PERIOD_SECONDS)
            if may_pass and (text := line.decode(errors="replace").rstrip()):
                logger.warning("a worker wrote: %s", text)
