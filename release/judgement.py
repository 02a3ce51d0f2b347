"""What follows from a look at a release's numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

ERROR = "error"  # what holds a release whose look failed
Action = Literal["stay", "wait", "hold", "advance", "roll_back"]  # to stay is to look at nothing now


@dataclass(frozen=True)
class Judgement:
    """An action with its reason, what holds the release in one word, and the gates' numbers as documents."""

    action: Action
    why: str
    held_by: str = ""
    gates: Sequence[Mapping[str, Any]] = ()
    queries: Sequence[str] = ()

    @classmethod
    def hold(cls, by: str, why: str) -> "Judgement":
        """Return that nothing can be judged now."""
        return cls("hold", why, by)
