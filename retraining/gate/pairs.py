"""Two models on the same examples: is the candidate worse, and by how much may it be."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from retraining.check import Check, Verdict, defined
from retraining.gate.evidence import Booleans

BISECTIONS = 60  # halve an interval of 1 to below a float's precision


@dataclass(frozen=True)
class Pairs:
    """How many examples production alone has right (`lost`), the candidate alone (`gained`), of `count`."""

    count: int
    lost: int
    gained: int

    def __post_init__(self) -> None:
        if min(self.lost, self.gained) < 0 or self.lost + self.gained > self.count:
            raise ValueError(f"{self}: of so many examples no more can differ")

    @property
    def difference(self) -> float:
        """Return the candidate's share of right answers less production's."""
        return (self.gained - self.lost) / self.count

    @property
    def p_value(self) -> float:
        """Return how likely at least so many are lost where the candidate is as good: exact, one-sided.

        Of the examples on which the models differ each is lost or gained with probability 1/2, so the lost
        ones are binomial: McNemar (1947), "Note on the sampling error of the difference between correlated
        proportions or percentages", Psychometrika 12(2); the exact form is Mosteller's (1952), "Some
        statistical problems in measuring the subjective response to drugs", Biometrics 8(3). Whole numbers
        are added up, so that no tail is lost, however many examples differ.
        """
        differing = self.lost + self.gained
        term = 1  # differing choose k, from k = differing downwards
        tail = 0
        for k in range(differing, self.lost - 1, -1):
            tail += term
            term = term * k // (differing - k + 1)
        return tail / (1 << differing)

    def lower(self, alpha: float) -> float:
        """Return what the difference is above, with confidence 1 - alpha: Tango's score bound.

        The difference at which a score test against it says alpha, one-sided: Tango (1998), "Equivalence
        test and confidence interval for the difference in proportions for the paired-sample design",
        Statistics in Medicine 17(8). It stays between -1 and 1, and holds where few or none differ.
        """
        wanted = NormalDist().inv_cdf(1 - alpha)
        below, above = -1.0, self.difference
        for _ in range(BISECTIONS):
            middle = (below + above) / 2
            if self._score(middle) > wanted:
                below = middle
            else:
                above = middle
        return below

    def _score(self, difference: float) -> float:
        """Return by how many standard errors more was gained than this difference would have it.

        The share of lost examples that the error is made of is the likeliest one under that difference.
        """
        half = (2 * self.count - self.gained + self.lost) * difference - self.gained - self.lost
        rest = 8 * self.count * self.lost * difference * (1 - difference)
        lost = (math.sqrt(max(0.0, half * half + rest)) - half) / (4 * self.count)
        variance = self.count * (2 * lost + difference * (1 - difference))
        excess = self.gained - self.lost - self.count * difference
        return excess / math.sqrt(variance) if variance > 0 else math.inf


def pairs(production_right: Booleans, candidate_right: Booleans) -> Pairs:
    """Return the counts of examples that one of the models alone has right."""
    lost = int(np.count_nonzero(production_right & ~candidate_right))
    gained = int(np.count_nonzero(~production_right & candidate_right))
    return Pairs(len(production_right), lost, gained)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values of which any below alpha is wrong in alpha of all cases, however many there are.

    Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6(2).
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def not_worse(
    name: str,
    set_name: str,
    found: Pairs,
    *,
    margin: float,
    alpha: float,
    required: bool = False,
    p_value: float | None = None,
) -> Check:
    """Fail where the candidate is shown to be worse, pass where it is shown not to be by `margin`.

    - fail: the exact McNemar test says worse (p at most alpha), and the difference seen is beyond the margin:
      with many examples a difference is certain that nobody minds.
    - pass: the lower bound of the difference is within the margin, as trials show non-inferiority: Piaggio et
      al. (2012), "Reporting of noninferiority and equivalence randomized trials", JAMA 308(24). McNemar's
      test alone cannot say so: that no difference was found shows none to be small.
    - else insufficient: what is needed are more examples.

    `p_value` is the corrected one, where several tests are made. README.md says how often this is wrong.
    """
    p_value = found.p_value if p_value is None else p_value
    lower = found.lower(alpha)
    numbers = defined(
        examples=found.count,
        lost=found.lost,
        gained=found.gained,
        difference=found.difference,
        lower=lower,
        p_value=p_value,
        margin=margin,
        alpha=alpha,
    )
    said = (
        f"Of {found.count} examples the candidate lost {found.lost} that production has right and gained "
        f"{found.gained}: {found.difference * 100:+.1f} points"
    )
    may = f"it may be {max(0.0, -lower) * 100:.1f} points worse"
    most = f"{margin * 100:g}"
    if p_value <= alpha and found.difference < -margin:
        why = f"{said}, more than {most} fewer, and chance does that in {p_value:.2g} of all cases."
        return Check(name, set_name, Verdict.FAIL, why, numbers, required)
    if lower > -margin:
        return Check(name, set_name, Verdict.PASS, f"{said}; {may}, less than {most}.", numbers, required)
    why = f"{said}; {may}, and {most} are too many: more examples would tell."
    return Check(name, set_name, Verdict.INSUFFICIENT, why, numbers, required)
