"""Whether the candidate is asked for other things than the stable slot is."""

import math

from release.verdict.coins import Arm, Coins, Look
from release.verdict.gate import FAIL_ALPHA, Gate, Verdict, defined

NAME = "drift"


def drifted_windows(coins: Coins, *, least_windows: int = 3, alpha: float = FAIL_ALPHA) -> Gate:
    """Fail where more of the candidate's windows drifted than of the stable slot's.

    `requests` of these coins are windows, and `bad` are those that drifted. Models may embed differently, so
    each detector compares with its own package's reference. Traffic that changed makes windows
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
