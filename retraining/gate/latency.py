"""Whether the candidate takes much longer than production."""

import math

import numpy as np

from retraining.check import Check, Verdict, defined
from retraining.gate.evidence import Latencies


def latency(latencies: Latencies, *, ratio: float, alpha: float, required: bool = False) -> Check:
    """Fail where the median of the repeats' ratios is above `ratio`, and not by the machine's noise.

    Both models answer the same inputs within a repeat, so a busy minute is busy for both. The median's bounds
    are two of the ratios themselves, whatever their distribution: each is above the median with probability
    1/2. Conover (1999), "Practical Nonparametric Statistics", 3.2. With alpha = 0.05 that takes five repeats.
    """
    ratios = np.sort(latencies.candidate / latencies.production)
    outside = _outside(len(ratios), alpha)
    numbers = defined(repeats=len(ratios), limit=ratio)
    if outside is None:
        why = f"{len(ratios)} repeats were measured: {math.ceil(-math.log2(alpha))} are needed."
        return Check("latency", "", Verdict.INSUFFICIENT, why, numbers, required)
    median = float(np.median(ratios))
    lower, upper = float(ratios[outside]), float(ratios[-1 - outside])
    numbers |= defined(
        ratio=median,
        lower=lower,
        upper=upper,
        candidate_seconds=float(np.median(latencies.candidate)),
        production_seconds=float(np.median(latencies.production)),
    )
    said = (
        f"The candidate takes {median:.2f} times as long as production ({lower:.2f} to {upper:.2f} in "
        f"{len(ratios)} repeats; {np.median(latencies.candidate) * 1000:.3g} ms an input)"
    )
    if lower > ratio:
        return Check("latency", "", Verdict.FAIL, f"{said}: more than {ratio:g} times.", numbers, required)
    if median > ratio:
        why = f"{said}: {ratio:g} times are within the noise; measure more repeats."
        return Check("latency", "", Verdict.INSUFFICIENT, why, numbers, required)
    return Check("latency", "", Verdict.PASS, f"{said}: not more than {ratio:g} times.", numbers, required)


def _outside(repeats: int, alpha: float) -> int | None:
    """Return how many sorted ratios lie outside a bound of the median; None where there are too few."""
    tail, outside = 0, None
    for below in range(repeats // 2 + 1):
        tail += math.comb(repeats, below)
        if tail / 2**repeats > alpha:
            break
        outside = below
    return outside
