"""What a gate says, and with which numbers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

# One gate can fail a candidate: eight that each blame a good one in 1 % at most do it in 8 % together.
# All must pass it: together they pass a bad one no more often than the one gate that it is bad for. Berger
# (1982), "Multiparameter hypothesis testing and acceptance sampling".
FAIL_ALPHA = 0.01
PASS_ALPHA = 0.025


class Verdict(StrEnum):
    """What the numbers allow to say."""

    PASS = "pass"  # noqa: S105 -- the word of the field
    FAIL = "fail"
    INSUFFICIENT = "insufficient"


@dataclass(frozen=True)
class Gate:
    """A gate's verdict, why in a sentence, and all that a person needs to check it by hand.

    `empty` tells an `insufficient` gate that got no number at all, from neither slot, from one with too few.
    """

    name: str
    verdict: Verdict
    why: str
    numbers: Mapping[str, float]
    empty: bool = False


def defined(**numbers: float) -> dict[str, float]:
    """Return those that are numbers: the mean of nothing is none."""
    return {name: float(number) for name, number in numbers.items() if not math.isnan(number)}
