"""Whether what was ordered is done: nginx has it in effect, and the traffic that it served says so."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from release.interval import share_interval

TAKEN_SECONDS = 15.0  # nginx looks twice a second, and tests before it reloads
SETTLED_SECONDS = 2.0  # connections that were busy are with nginx's new processes
ENOUGH = 100  # requests: 20 % are told from 50 %, and from none


class Stage(StrEnum):
    """How far it is."""

    WAITING = "waiting"  # for nginx to take it
    COUNTING = "counting"
    CONFIRMED = "confirmed"
    TOO_LITTLE = "too_little"
    OTHERWISE = "otherwise"
    BY_VISITORS = "by_visitors"
    NOT_TAKEN = "not_taken"

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more is to be seen."""
        return self not in {Stage.WAITING, Stage.COUNTING}

    @property
    def is_failure(self) -> bool:
        """Tell whether requests go otherwise than ordered."""
        return self in {Stage.OTHERWISE, Stage.NOT_TAKEN}


@dataclass(frozen=True)
class Answered:
    """Predictions by the slot that answered them, since a time that is the same for both."""

    stable: int
    candidate: int

    @property
    def total(self) -> int:
        """Return those of both slots."""
        return self.stable + self.candidate

    def since(self, before: "Answered") -> "Answered | None":
        """Return what came after; None where the counting has begun anew in between."""
        grown = Answered(self.stable - before.stable, self.candidate - before.candidate)
        return grown if min(grown.stable, grown.candidate) >= 0 else None


@dataclass(frozen=True)
class Seen:
    """What a look at the traffic has shown: `answered` is None while nobody can count."""

    in_effect: bool
    answered: Answered | None


class Confirmation:
    """Looks again and again until it is known, for so many seconds at most.

    A share that does not fit is counted anew, for a kept connection may see the old split once more; one that
    never fits is `otherwise`. Shares of visitors, as an experiment has them, are no shares of requests.
    """

    def __init__(
        self, share: float, seconds: float, *, by_visitors: bool, clock: Callable[[], float]
    ) -> None:
        self.share = share
        self.stage = Stage.WAITING
        self.counted = Answered(0, 0)
        self.is_counted = False  # nobody could count yet
        self._by_visitors = by_visitors
        self._seconds = seconds
        self._clock = clock
        self._since = clock()
        self._from: Answered | None = None
        self._misfit: Answered | None = None

    def see(self, seen: Seen) -> Stage:
        """Take a look into account, and return how far it is."""
        elapsed = self._clock() - self._since
        if not seen.in_effect and self.stage is Stage.WAITING:
            if elapsed > TAKEN_SECONDS:
                self.stage = Stage.NOT_TAKEN
        elif self.stage is Stage.WAITING:
            self._begin()
        elif self.stage is Stage.COUNTING:
            self._count(seen.answered, elapsed)
        return self.stage

    def _begin(self) -> None:
        self._since = self._clock()
        self.stage = Stage.BY_VISITORS if self._by_visitors else Stage.COUNTING

    def _count(self, answered: Answered | None, elapsed: float) -> None:
        if answered is not None and elapsed >= SETTLED_SECONDS:
            self._add(answered)
        if self.counted.total >= ENOUGH:
            if self.fits:
                self.stage = Stage.CONFIRMED
                return
            self._misfit, self._from, self.counted = self.counted, answered, Answered(0, 0)
        if elapsed >= SETTLED_SECONDS + self._seconds:
            self.counted = self._misfit or self.counted
            self.stage = Stage.OTHERWISE if self._misfit else Stage.TOO_LITTLE

    def _add(self, answered: Answered) -> None:
        self.is_counted = True
        grown = None if self._from is None else answered.since(self._from)
        if grown is None:
            self._from = answered
        else:
            self.counted = grown

    @property
    def interval(self) -> tuple[float, float]:
        """Return between which shares the candidate's is, in 99 % of cases."""
        return share_interval(self.counted.candidate, self.counted.total)

    @property
    def fits(self) -> bool:
        """Tell whether what was counted may be a draw with the wanted share."""
        low, high = self.interval
        return low <= self.share <= high
