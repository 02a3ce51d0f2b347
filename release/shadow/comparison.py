"""How often a shadow agrees with production, and how far apart they are. No clock, file or database."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Literal, get_args

from release.interval import share_interval
from release.lifecycle import Package

Unpaired = Literal["no_partner", "ambiguous", "no_classes"]
UNPAIRED: tuple[Unpaired, ...] = get_args(Unpaired)
MOST_CELLS = 1024  # of a confusion table: 32 classes may disagree in every way
MOST_TALLIES = 8  # two packages each; those that had pairs last stay


@dataclass(frozen=True)
class Answer:
    """What a slot answered to one input of a request; `row` says which of them.

    `probabilities` are (K,) in the order of `classes`; both are empty where they are not known.
    """

    request_id: str
    row: int
    slot: str
    package: Package
    label: str
    probabilities: tuple[float, ...]
    at: datetime
    classes: tuple[str, ...] = ()

    @property
    def input(self) -> tuple[str, int]:
        """Return what it answers."""
        return self.request_id, self.row


@dataclass(frozen=True)
class Pair:
    """Two answers to the same input."""

    production: Answer
    candidate: Answer

    @property
    def agrees(self) -> bool:
        """Tell whether both gave the same label."""
        return self.production.label == self.candidate.label

    @cached_property
    def distance(self) -> float | None:
        """Return the total variation distance of the probabilities; None where one's are not known."""
        one, two = (_by_class(answer) for answer in (self.production, self.candidate))
        return None if one is None or two is None else total_variation(one, two)


def total_variation(one: Mapping[str, float], two: Mapping[str, float]) -> float:
    """Return half the sum of the differences, from 0 (the same) to 1; a class that is absent has 0.

    It is the most by which the two can differ in the probability of any set of classes: Levin, Peres &
    Wilmer, "Markov Chains and Mixing Times", proposition 4.2.
    """
    differences = (abs(one.get(name, 0.0) - two.get(name, 0.0)) for name in one.keys() | two.keys())
    return min(math.fsum(differences) / 2, 1.0)


def _by_class(answer: Answer) -> Mapping[str, float] | None:
    if not answer.classes or len(answer.classes) != len(answer.probabilities):
        return None
    found = dict(zip(answer.classes, answer.probabilities, strict=True))
    return found if all(map(math.isfinite, found.values())) else None


@dataclass(frozen=True)
class Joined:
    """The pairs of some shadow's answers, and how many of these have none, by why."""

    pairs: Sequence[Pair]
    unpaired: Mapping[Unpaired, int]


def join(shadows: Sequence[Answer], users: Iterable[Answer]) -> Joined:
    """Return the pairs of a shadow's answers with users' to the same input, of another slot.

    Where several answers share an input's name (a client that gives every request the same id), nobody could
    tell which belong together.
    """
    shadowed = Counter(one.input for one in shadows)
    partners: dict[tuple[str, int], list[Answer]] = {}
    for one in users:
        partners.setdefault(one.input, []).append(one)
    pairs, unpaired = [], dict.fromkeys(UNPAIRED, 0)
    for one in shadows:
        found = [other for other in partners.get(one.input, ()) if other.slot != one.slot]
        if shadowed[one.input] > 1 or len(found) > 1:
            unpaired["ambiguous"] += 1
        elif not found:
            unpaired["no_partner"] += 1
        elif not (one.label and found[0].label):
            unpaired["no_classes"] += 1
        else:
            pairs.append(Pair(found[0], one))
    return Joined(pairs, unpaired)


@dataclass(frozen=True)
class Tally:
    """What the pairs of two packages add up to.

    `cells` counts pairs by production's label and the candidate's; further ones than MOST_CELLS are counted
    in `other_pairs` alone. `distance` is a sum over `distances` pairs.
    """

    production: Package
    candidate: Package
    first_at: datetime
    last_at: datetime
    pairs: int = 0
    disagreements: int = 0
    cells: Mapping[tuple[str, str], int] = field(default_factory=dict)
    other_pairs: int = 0
    distance: float = 0.0
    distances: int = 0

    @property
    def rate(self) -> float:
        """Return the share of the pairs that disagree; NaN without pairs."""
        return self.disagreements / self.pairs if self.pairs else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Return between which shares that is in truth, in 99 % of cases."""
        return share_interval(self.disagreements, self.pairs)

    @property
    def most_frequent(self) -> list[tuple[tuple[str, str], int]]:
        """Return the cells, those with the most pairs first."""
        return sorted(self.cells.items(), key=lambda cell: -cell[1])

    @property
    def mean_distance(self) -> float | None:
        """Return the mean distance of the probabilities; None where no pair has any."""
        return self.distance / self.distances if self.distances else None

    def after(self, pair: Pair) -> "Tally":
        """Return the tally with one more pair."""
        cell = (pair.production.label, pair.candidate.label)
        is_kept = cell in self.cells or len(self.cells) < MOST_CELLS
        distance = pair.distance
        return replace(
            self,
            first_at=min(self.first_at, pair.candidate.at),
            last_at=max(self.last_at, pair.candidate.at),
            pairs=self.pairs + 1,
            disagreements=self.disagreements + (not pair.agrees),
            cells={**self.cells, cell: self.cells.get(cell, 0) + 1} if is_kept else self.cells,
            other_pairs=self.other_pairs + (not is_kept),
            distance=self.distance + (distance or 0.0),
            distances=self.distances + (distance is not None),
        )


@dataclass(frozen=True)
class Totals:
    """What was counted of all packages since the beginning: it only grows."""

    pairs: int = 0
    disagreements: int = 0
    distance: float = 0.0
    distances: int = 0
    unpaired: Mapping[Unpaired, int] = field(default_factory=lambda: dict.fromkeys(UNPAIRED, 0))


@dataclass(frozen=True)
class Comparison:
    """All that is known of shadows: up to which position of the samples it goes, and what it adds up to.

    `tallies` are of two packages each, those with the newest pairs first.
    """

    position: str
    totals: Totals = Totals()
    tallies: Sequence[Tally] = ()

    def after(self, joined: Joined, position: str) -> "Comparison":
        """Return the comparison with these, which go up to `position`."""
        tallies = {(one.production, one.candidate): one for one in self.tallies}
        totals = self.totals
        for pair in joined.pairs:
            packages = (pair.production.package, pair.candidate.package)
            known = tallies.get(packages, Tally(*packages, pair.candidate.at, pair.candidate.at))
            tallies[packages] = known.after(pair)
        newest = sorted(tallies.values(), key=lambda one: one.last_at, reverse=True)
        distances = [one for pair in joined.pairs if (one := pair.distance) is not None]
        totals = Totals(
            pairs=totals.pairs + len(joined.pairs),
            disagreements=totals.disagreements + sum(not pair.agrees for pair in joined.pairs),
            distance=totals.distance + math.fsum(distances),
            distances=totals.distances + len(distances),
            unpaired={why: totals.unpaired.get(why, 0) + joined.unpaired[why] for why in UNPAIRED},
        )
        return Comparison(position, totals, newest[:MOST_TALLIES])
