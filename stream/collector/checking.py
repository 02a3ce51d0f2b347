"""A batch of messages into records that may be kept and those that are refused, each with why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from training_data.reading import read
from training_data.record import Message, Reason, Record, Refusal
from training_data.task import Task


@dataclass(frozen=True)
class Checked:
    """What became of each message, in the order in which they came."""

    messages: Sequence[Message]
    found: list[Record | Refusal]

    @property
    def records(self) -> list[Record]:
        """Return what may be kept."""
        return [one for one in self.found if isinstance(one, Record)]


class Checking:
    """Checks what a message holds, then its content: the latter for many at once."""

    def __init__(self, task: Task, faults: Callable[[Sequence[Record]], list[str | None]]) -> None:
        self._task = task
        self._faults = faults

    def check(self, messages: Sequence[Message], sources: Sequence[str]) -> Checked:
        """Return what becomes of each message; `sources` has whence each came."""
        found = [read(one, self._task, source) for one, source in zip(messages, sources, strict=True)]
        places = [place for place, one in enumerate(found) if isinstance(one, Record)]
        faults = self._faults([one for one in found if isinstance(one, Record)])
        reason = Reason.NOT_AN_IMAGE if self._task.kind == "image" else Reason.OUT_OF_BOUNDS
        for place, fault in zip(places, faults, strict=True):
            if fault is not None:
                found[place] = Refusal(reason, fault)
        return Checked(messages, found)
