"""Print how often `pairs.not_worse` is wrong: python -m retraining.gate.error_rates."""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

from retraining.check import Verdict
from retraining.gate.pairs import Pairs, not_worse

SEED = 20261
MARGIN = 0.02
ALPHA = 0.05


@dataclass(frozen=True)
class Rates:
    """The shares of comparisons that failed, passed, and did neither."""

    failed: float
    passed: float
    undecided: float


def rates(count: int, *, disagreement: float, difference: float, repeats: int) -> Rates:
    """Compare models on `count` examples again and again.

    They disagree on a share of `disagreement`, and the candidate is better by `difference`.
    """
    lost, gained = (disagreement - difference) / 2, (disagreement + difference) / 2
    generator = np.random.default_rng(SEED)
    drawn = generator.multinomial(count, [lost, gained, 1 - disagreement], repeats).tolist()

    @cache
    def verdict(lost: int, gained: int) -> Verdict:
        return not_worse("", "", Pairs(count, lost, gained), margin=MARGIN, alpha=ALPHA).verdict

    found = Counter(verdict(lost, gained) for lost, gained, _ in drawn)
    shares = (found[one] / repeats for one in (Verdict.FAIL, Verdict.PASS, Verdict.INSUFFICIENT))
    return Rates(*shares)


def main() -> None:
    """Print a line for each case."""
    print("examples  disagree  difference  failed  passed  undecided")
    for disagreement, count, difference in product((0.04, 0.08), (300, 1000, 3000), (0, -0.01, -0.02, -0.03)):
        found = rates(count, disagreement=disagreement, difference=difference, repeats=5000)
        print(
            f"{count:8}  {disagreement:8.0%}  {difference:10.0%}"
            f"  {found.failed:6.1%}  {found.passed:6.1%}  {found.undecided:9.1%}"
        )


if __name__ == "__main__":
    main()
