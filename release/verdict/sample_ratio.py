"""Whether each slot serves the share of the traffic that it was given."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from release.verdict.gate import Gate, Verdict, defined

NAME = "sample_ratio"
THRESHOLD = 1000.0
CONCENTRATION = 100.0  # a mixture of shares that lie within some 0.04 of a wanted 0.2


@dataclass(frozen=True)
class Served:
    """What the slots served while the candidate was to have `share`, and nothing changed that."""

    share: float
    candidate: int
    stable: int

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1 or min(self.candidate, self.stable) < 0:
            raise ValueError(f"{self}: a share is from 0 to 1, and numbers of requests from 0 upwards")


def sample_ratio(steps: Sequence[Served]) -> Gate:
    """Fail where the slots' requests are no random draw with the wanted share: then no comparison is fair.

    Only counts that are assigned at random can be judged. Fabijan et al. (2019), "Diagnosing sample ratio
    mismatch"; the test is Lindon & Malek (2022), "Anytime-valid inference for multinomial count data".
    """
    judged = [step for step in steps if 0 < step.share < 1]
    candidate, stable = sum(step.candidate for step in judged), sum(step.stable for step in judged)
    served = candidate + stable
    if not served:
        return Gate(NAME, Verdict.INSUFFICIENT, "No request was split between the slots.", {}, empty=True)
    wanted = sum(step.share * (step.candidate + step.stable) for step in judged) / served
    evidence = math.exp(min(math.fsum(map(log_evidence, judged)), 700.0))
    numbers = defined(
        candidate_requests=candidate,
        stable_requests=stable,
        wanted_share=wanted,
        share=candidate / served,
        evidence=evidence,
        threshold=THRESHOLD,
    )
    said = f"The candidate served {candidate / served:.2%} of {served} requests and was to serve {wanted:.2%}"
    if evidence < THRESHOLD:
        return Gate(NAME, Verdict.PASS, f"{said}: chance explains that.", numbers)
    inverted = abs(candidate / served - (1 - wanted)) < abs(candidate / served - wanted)
    hint = "Are the slots swapped?" if inverted else "Does something else send requests to one of the slots?"
    return Gate(NAME, Verdict.FAIL, f"{said}: chance does not explain that. {hint}", numbers)


def log_evidence(step: Served) -> float:
    """Return the logarithm of a step's e-value against its wanted share π.

    B(a + n₁, b + n₀) / B(a, b) / (π^n₁ (1-π)^n₀): the beta-binomial mixture of all shares with the mean π
    (a = π·CONCENTRATION, b the rest), against π itself. A product over steps is an e-value again, so π may
    change between steps.
    """
    a, b = step.share * CONCENTRATION, (1 - step.share) * CONCENTRATION
    return (
        _log_beta(a + step.candidate, b + step.stable)
        - _log_beta(a, b)
        - step.candidate * math.log(step.share)
        - step.stable * math.log1p(-step.share)
    )


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
