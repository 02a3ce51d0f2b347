"""What a check of a candidate, or of a dataset, says and with which numbers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What the numbers allow to say."""

    PASS = "pass"  # noqa: S105 -- the word of the field
    FAIL = "fail"
    INSUFFICIENT = "insufficient"


@dataclass(frozen=True)
class Check:
    """A verdict about one set of examples, why in a sentence, and all that a person needs to check it.

    `set` names the examples, and is empty where the check is about none. Of a required check nothing but
    `pass` will do; of the others `insufficient` is said and stops nothing.
    """

    name: str
    set: str
    verdict: Verdict
    why: str
    numbers: Mapping[str, float]
    required: bool = False


@dataclass(frozen=True)
class Summary:
    """What checks say together, and the sentences of those that decided it."""

    verdict: Verdict
    reasons: tuple[str, ...]


def summary(checks: list[Check]) -> Summary:
    """Return fail where a check failed, insufficient where a required one did not pass, else pass."""
    decisive = [check for check in checks if check.verdict is Verdict.FAIL]
    verdict = Verdict.FAIL
    if not decisive:
        decisive = [check for check in checks if check.required and check.verdict is not Verdict.PASS]
        verdict = Verdict.INSUFFICIENT if decisive else Verdict.PASS
    return Summary(verdict, tuple(f"{_place(check)}: {check.why}" for check in decisive))


def defined(**numbers: float) -> dict[str, float]:
    """Return those that are finite: JSON knows no others."""
    return {name: float(number) for name, number in numbers.items() if math.isfinite(number)}


def _place(check: Check) -> str:
    return f"{check.name} ({check.set})" if check.set else check.name
