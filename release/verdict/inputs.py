"""Whether the candidate is asked for other things than the stable slot is."""

import math
import random
from collections.abc import Sequence
from operator import itemgetter

from release.verdict.coins import Arm, Coins, Look
from release.verdict.gate import FAIL_ALPHA, Gate, Verdict, defined

NAME = "drift"
PERMUTATIONS = 499

Row = Sequence[float]


def input_drift(p_values: Sequence[float], *, alpha: float = FAIL_ALPHA) -> Gate:
    """Fail where the candidate's inputs are distributed otherwise than the stable slot's of the same time.

    `p_values` are those of this step's pairs of windows, one of each slot, of about the same time; no sample
    belongs to two. What drifts on both slots alike is in both windows of a pair, and shows in none. The
    windows need the same columns whatever the model: rows of numbers are their own; embeddings of two
    networks are not comparable, and then `drifted_windows` judges.

    Fails where the product of ½·p^(-½) reaches 1/alpha, as inputs alike do in a share alpha of the steps at
    most; two pairs suffice where the difference is plain. Vovk & Wang (2021), "E-values: calibration,
    combination and applications", Annals of Statistics 49(3).
    """
    if not p_values:
        return Gate(NAME, Verdict.INSUFFICIENT, "No pair of windows is full yet.", {}, empty=True)
    if wrong := [p for p in p_values if not 0 < p <= 1]:
        raise ValueError(f"{wrong[0]} is no p-value: a permutation's is above 0 and at most 1")
    evidence = math.exp(min(math.fsum(-math.log(p) / 2 - math.log(2) for p in p_values), 700.0))
    numbers = defined(
        pairs=len(p_values),
        smallest_p_value=min(p_values),
        latest_p_value=p_values[-1],
        evidence=evidence,
        threshold=1 / alpha,
    )
    said = (
        f"{len(p_values)} pairs of windows, the smallest p-value {min(p_values):.3g}: evidence {evidence:.3g}"
    )
    if evidence >= 1 / alpha:
        why = f"The candidate's inputs are not the stable slot's. {said}, and {1 / alpha:.3g} is too much."
        return Gate(NAME, Verdict.FAIL, why, numbers)
    why = f"The candidate's inputs are like the stable slot's. {said}, below {1 / alpha:.3g}."
    return Gate(NAME, Verdict.PASS, why, numbers)


def drifted_windows(coins: Coins, *, least_windows: int = 3, alpha: float = FAIL_ALPHA) -> Gate:
    """Fail where more of the candidate's windows drifted than of the stable slot's.

    `requests` of these coins are windows, and `bad` are those that drifted. For slots whose models embed
    differently: each detector compares with its own package's reference. Traffic that changed makes windows
    of both slots drift, and as often; this holds as far as both detectors notice the same.

    Passes only once drift in all of the candidate's windows, and none of the stable slot's, would have
    failed: 3 windows of it at 5 % of the traffic, 9 at 50 %. And only while the evidence is no more than
    halfway, on its scale of logarithms: of three windows that drifted out of three, nobody knows yet.
    """
    candidate, stable = coins.candidate, coins.stable
    numbers = defined(
        candidate_windows=candidate.requests,
        candidate_drifted=candidate.bad,
        stable_windows=stable.requests,
        stable_drifted=stable.bad,
        evidence=coins.evidence,
        threshold=1 / alpha,
    )
    said = (
        f"{candidate.bad} of the candidate's {candidate.requests} windows drifted, "
        f"{stable.bad} of the stable slot's {stable.requests}"
    )
    if coins.evidence >= 1 / alpha:
        return Gate(NAME, Verdict.FAIL, f"{said}: the traffic did not change, the candidate's did.", numbers)
    if min(candidate.requests, stable.requests) < least_windows:
        empty = not candidate.requests and not stable.requests
        why = f"{said}: {least_windows} of each are needed."
        return Gate(NAME, Verdict.INSUFFICIENT, why, numbers, empty)
    if _most_evidence(coins) < 1 / alpha:
        why = f"{said}: with so few, chance would explain it if all of the candidate's had drifted."
        return Gate(NAME, Verdict.INSUFFICIENT, why, numbers)
    if coins.evidence > math.sqrt(1 / alpha):
        why = f"{said}: the evidence is {coins.evidence:.3g}, and its cause is not clear yet."
        return Gate(NAME, Verdict.INSUFFICIENT, why, numbers)
    changed = ": the traffic changed, on both slots" if min(candidate.rate, stable.rate) > 0.5 else ""
    return Gate(NAME, Verdict.PASS, f"{said}{changed}.", numbers)


def _most_evidence(coins: Coins) -> float:
    """Return what so many windows could show, if all of the candidate's drifted and no other one."""
    candidate, stable = coins.candidate.requests, coins.stable.requests
    return Coins().after(Look(Arm(candidate, candidate), Arm(stable, 0))).evidence


def permutation_p_value(candidate: Sequence[Row], stable: Sequence[Row], seed: int) -> float:
    """Return how rarely two windows, each (n, width) with n >= 2, lie so far apart if they are alike.

    The distance is the energy distance of Székely & Rizzo (2004), "Testing for equal distributions in high
    dimension", which is 0 for equal distributions only. Scale the columns alike before. p = (1 + permuted
    distances as large) / (1 + PERMUTATIONS): Phipson & Smyth (2010). Some 0.2 s for 100 rows a window.
    """
    n, m = len(candidate), len(stable)
    if min(n, m) < 2:
        raise ValueError(f"windows of {n} and {m} rows: at least 2 are needed in each")
    rows = [*candidate, *stable]
    apart = [[math.dist(one, two) for two in rows] for one in rows]
    total = math.fsum(map(math.fsum, apart))

    def distance(chosen: Sequence[int]) -> float:
        pick = itemgetter(*chosen)
        from_chosen = [apart[row] for row in chosen]
        within = sum(sum(pick(row)) for row in from_chosen)
        between = sum(map(sum, from_chosen)) - within
        return 2 * between / (n * m) - within / n**2 - (total - within - 2 * between) / m**2

    draw = random.Random(seed)
    observed = distance(range(n)) - 1e-9 * total / (n + m) ** 2  # an equal one, summed otherwise, counts too
    indices = range(n + m)
    reached = sum(distance(draw.sample(indices, n)) >= observed for _ in range(PERMUTATIONS))
    return (1 + reached) / (1 + PERMUTATIONS)
