"""The order of a run: who is measured on what, round by round, so that none has the quiet hour."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.cases import MAIN, OF_REGRESSOR, Case, cases_of_round
from benchmark.systems import SystemUnderTest


@dataclass(frozen=True)
class Trial:
    """One start of a system and all that it is measured on before it is stopped."""

    system: SystemUnderTest
    round: int
    cases: tuple[Case, ...]


def plan(systems: Sequence[SystemUnderTest], rounds: int, *, quick: bool) -> list[Trial]:
    """Return every trial; each round begins with another system."""
    trials: list[Trial] = []
    for number in range(1, rounds + 1):
        shift = (number - 1) % max(1, len(systems))
        for system in [*systems[shift:], *systems[:shift]]:
            if cases := _cases(system, number, quick=quick):
                trials.append(Trial(system, number, cases))
    return trials


def _cases(system: SystemUnderTest, number: int, *, quick: bool) -> tuple[Case, ...]:
    if number > 1 and (system.serves == "regressor" or system.main_case_only):
        return ()  # the median of several rounds is for the image servers themselves
    if system.serves == "regressor":
        return OF_REGRESSOR
    return (MAIN,) if system.main_case_only else cases_of_round(number, quick=quick)
