"""Whether nginx has the split's file in effect, and since when it has not."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

TAKEN_WITHIN = timedelta(seconds=15)  # nginx looks twice a second, and tests before it reloads


class Effect:
    """Asks nginx by `in_effect`, and counts from the first answer that it has another file, or none."""

    def __init__(self, in_effect: Callable[[], Awaitable[bool]], now: Callable[[], datetime]) -> None:
        self._in_effect = in_effect
        self._now = now
        self._missing_since: datetime | None = None

    async def is_there(self) -> bool:
        """Ask once, and tell whether nginx has the file as it is now."""
        if await self._in_effect():
            self._missing_since = None
            return True
        self._missing_since = self._missing_since or self._now()
        return False

    @property
    def is_late(self) -> bool:
        """Tell whether nginx has had time enough for the file, and has not taken it."""
        return self._missing_since is not None and self._now() - self._missing_since > TAKEN_WITHIN

    def begin_anew(self) -> None:
        """Give nginx its whole time again: the file was written, or nobody has asked for a while."""
        self._missing_since = None
