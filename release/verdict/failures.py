"""Requests that failed, and requests that took too long: more of them than the stable slot has."""

from release.verdict.coins import Coins
from release.verdict.gate import FAIL_ALPHA, Gate, Verdict, defined

LEAST_REQUESTS = 200


def error_rate(coins: Coins, *, least_requests: int = LEAST_REQUESTS, alpha: float = FAIL_ALPHA) -> Gate:
    """Fail where the candidate has more than its share of the requests that failed."""
    return _gate("error_rate", "failed", coins, least_requests, alpha)


def slow_requests(coins: Coins, *, least_requests: int = LEAST_REQUESTS, alpha: float = FAIL_ALPHA) -> Gate:
    """Fail where the candidate has more than its share of the requests above a histogram's bound.

    With a bound that few of the stable slot's are above this compares tails without interpolating a p99.
    """
    return _gate("slow_requests", "were slow", coins, least_requests, alpha)


def _gate(name: str, did: str, coins: Coins, least_requests: int, alpha: float) -> Gate:
    """Judge by the evidence first, which by its own rule needs no least number of requests.

    The least number is for `pass`: so many must have had the chance to be bad. docs/releases.md has a table.
    """
    candidate, stable = coins.candidate, coins.stable
    numbers = defined(
        candidate_requests=candidate.requests,
        candidate_bad=candidate.bad,
        candidate_rate=candidate.rate,
        stable_requests=stable.requests,
        stable_bad=stable.bad,
        stable_rate=stable.rate,
        evidence=coins.evidence,
        threshold=1 / alpha,
    )
    said = (
        f"{candidate.bad} of the candidate's {candidate.requests} requests {did}, "
        f"{stable.bad} of the stable slot's {stable.requests}"
    )
    against = f"the evidence is {coins.evidence:.3g}, and {1 / alpha:.3g} is too much"
    if coins.evidence >= 1 / alpha:
        return Gate(name, Verdict.FAIL, f"{said}: {against}.", numbers)
    if min(candidate.requests, stable.requests) < least_requests:
        empty = not candidate.requests and not stable.requests
        return Gate(
            name, Verdict.INSUFFICIENT, f"{said}: {least_requests} of each are needed.", numbers, empty
        )
    return Gate(name, Verdict.PASS, f"{said}: {against}.", numbers)
