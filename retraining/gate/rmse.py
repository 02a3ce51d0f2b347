"""How far the candidate's values are off: the root mean squared error."""

import math

import numpy as np

from retraining.check import Check, Verdict, defined
from retraining.gate.evidence import Floats, Values

RESAMPLES = 999
SEED = 20261
DRAWS_AT_ONCE = 1_000_000


def below_limit(values: Values, *, limit: float, required: bool = False) -> Check:
    """Fail where the error is above the limit: a plain comparison, in the target's unit."""
    numbers = defined(examples=len(values.ids), limit=limit)
    if not values.ids:
        return Check("rmse_limit", values.set, Verdict.INSUFFICIENT, "No examples.", numbers, required)
    error = math.sqrt(np.mean((values.candidate - values.targets) ** 2))
    high = error > limit
    why = f"The candidate is off by {error:.4g} (RMSE): {'more' if high else 'not more'} than {limit:g}."
    verdict = Verdict.FAIL if high else Verdict.PASS
    return Check("rmse_limit", values.set, verdict, why, numbers | defined(rmse=error), required)


def rmse(values: Values, *, share: float, alpha: float, required: bool = False) -> Check:
    """Fail where the candidate is shown to be off by more than production, pass where not by `share` more.

    As `pairs.not_worse`, of the ratio of both errors. Its bounds are a paired bootstrap's, with a fixed seed:
    examples are drawn again, each with both models' errors. Efron & Tibshirani (1993), "An Introduction to
    the Bootstrap", 13.3. Where a few examples make most of the error, that is too sure of itself.
    """
    if not values.ids:
        return Check("rmse", values.set, Verdict.INSUFFICIENT, "No examples.", {}, required)
    squares = np.stack(
        [(values.production - values.targets) ** 2, (values.candidate - values.targets) ** 2], axis=1
    )
    production, candidate = map(math.sqrt, squares.mean(axis=0))
    ratio = float(_ratio(squares.mean(axis=0, keepdims=True))[0])
    ratios = np.sort(_resampled(squares))
    outside = int(alpha * (RESAMPLES + 1)) - 1
    lower, upper = float(ratios[outside]), float(ratios[-1 - outside])
    numbers = defined(
        examples=len(values.ids),
        rmse=candidate,
        production_rmse=production,
        ratio=ratio,
        lower=lower,
        upper=upper,
        share=share,
        alpha=alpha,
    )
    said = (
        f"The candidate is off by {candidate:.4g}, production by {production:.4g} (RMSE): {ratio:.3f} times "
        f"({lower:.3f} to {upper:.3f})"
    )
    most = f"{1 + share:g}"
    if ratio > 1 + share and lower > 1:
        return Check("rmse", values.set, Verdict.FAIL, f"{said}, more than {most}.", numbers, required)
    if upper <= 1 + share:
        return Check("rmse", values.set, Verdict.PASS, f"{said}, not more than {most}.", numbers, required)
    why = f"{said}; it may be more than {most}: more examples would tell."
    return Check("rmse", values.set, Verdict.INSUFFICIENT, why, numbers, required)


def _resampled(squares: Floats) -> Floats:
    """Return the ratios (RESAMPLES,) of examples drawn again."""
    generator = np.random.default_rng(SEED)
    count = len(squares)
    at_once = max(1, DRAWS_AT_ONCE // count)
    found = []
    for start in range(0, RESAMPLES, at_once):
        drawn = generator.integers(count, size=(min(at_once, RESAMPLES - start), count))
        found.append(_ratio(squares[drawn].mean(axis=1)))
    return np.concatenate(found)


def _ratio(mean_squares: Floats) -> Floats:
    """Return the candidate's error as a multiple of production's (M,): 1 where neither is off."""
    production, candidate = np.sqrt(mean_squares).T
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(production == candidate, 1.0, candidate / production)
