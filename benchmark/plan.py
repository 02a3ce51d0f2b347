"""The order of a run: who is measured on what, round by round, so that none has the quiet hour."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.cases import MAIN, OF_REGRESSOR, Case, cases_of_round
from benchmark.contestants import Contestant


@dataclass(frozen=True)
class Stint:
    """One start of a contestant and all that it is measured on before it is stopped."""

    contestant: Contestant
    round: int
    cases: tuple[Case, ...]


def plan(contestants: Sequence[Contestant], rounds: int, *, quick: bool) -> list[Stint]:
    """Return every stint; each round begins with another contestant."""
    stints: list[Stint] = []
    for number in range(1, rounds + 1):
        shift = (number - 1) % max(1, len(contestants))
        for contestant in [*contestants[shift:], *contestants[:shift]]:
            if cases := _cases(contestant, number, quick=quick):
                stints.append(Stint(contestant, number, cases))
    return stints


def _cases(contestant: Contestant, number: int, *, quick: bool) -> tuple[Case, ...]:
    if number > 1 and (contestant.serves == "regressor" or contestant.main_case_only):
        return ()  # the median of several rounds is for the image servers themselves
    if contestant.serves == "regressor":
        return OF_REGRESSOR
    return (MAIN,) if contestant.main_case_only else cases_of_round(number, quick=quick)
