"""Whether the candidate is as often right as the stable slot, by the labels that came back."""

from collections.abc import Sequence

from release.verdict.coins import Arm, Coins
from release.verdict.confidence_sequence import Mean, Step, of_difference
from release.verdict.gate import FAIL_ALPHA, PASS_ALPHA, Gate, Verdict, defined

LEAST_LABELS = 200  # of the candidate
TIGHTEST_AT = 2000.0  # labels of both slots


def accuracy(
    steps: Sequence[Coins],
    *,
    margin: float = 0.05,
    fail_alpha: float = FAIL_ALPHA,
    pass_alpha: float = PASS_ALPHA,
) -> Gate:
    """Fail where the candidate is more often wrong, pass where it is shown not to be worse by `margin`.

    Neither, or fewer than LEAST_LABELS of the candidate: insufficient, and `empty` where neither slot got a
    label. `steps` has the coins of each step, in which the share did not change: `requests` are those whose
    label came, `bad` those that were wrong. A label that comes late counts in the step that served its
    request, once, as it first came: one that is changed later changes no evidence.

    It fails by the coins of all looks (`Coins.after`), which soon notice a model that is worse. It passes by
    a lower bound of the difference (`confidence_sequence.width`), as trials show non-inferiority: Piaggio et
    al. (2012), "Reporting of noninferiority and equivalence randomized trials", JAMA 308(24).
    """
    coins = sum(steps, Coins())
    candidate, stable = coins.candidate, coins.stable
    difference = of_difference((_right(step) for step in steps), TIGHTEST_AT)
    numbers = defined(
        candidate_labels=candidate.requests,
        candidate_accuracy=1 - candidate.rate,
        stable_labels=stable.requests,
        stable_accuracy=1 - stable.rate,
        evidence=coins.evidence,
        threshold=1 / fail_alpha,
        margin=margin,
    )
    said = (
        f"The candidate was right {1 - candidate.rate:.2%} of {candidate.requests} times, "
        f"the stable slot {1 - stable.rate:.2%} of {stable.requests}"
    )
    if coins.evidence >= 1 / fail_alpha:
        why = f"{said}: the evidence is {coins.evidence:.3g}, and {1 / fail_alpha:.3g} is too much."
        return Gate("accuracy", Verdict.FAIL, why, numbers)
    if not difference or candidate.requests < LEAST_LABELS:
        why = (
            f"Labels came of {candidate.requests} predictions of the candidate and {stable.requests} of the "
            f"stable slot: {LEAST_LABELS} of the candidate are needed, and some of the other's."
        )
        empty = not candidate.requests and not stable.requests
        return Gate("accuracy", Verdict.INSUFFICIENT, why, numbers, empty)
    lower = difference.lower(pass_alpha)
    numbers |= defined(difference=difference.value, lower=lower)
    worse = f"{said}: it may be {max(0.0, -lower) * 100:.1f} points worse"
    if lower > -margin:
        return Gate("accuracy", Verdict.PASS, f"{worse}, less than {margin * 100:g}.", numbers)
    why = f"{worse}, and {margin * 100:g} are too many."
    return Gate("accuracy", Verdict.INSUFFICIENT, why, numbers)


def _right(step: Coins) -> Step:
    return Step(_accuracy(step.candidate), _accuracy(step.stable))


def _accuracy(arm: Arm) -> Mean:
    return Mean(arm.requests, arm.requests - arm.bad)
