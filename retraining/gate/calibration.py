"""Whether the candidate is as often right as it says: the expected calibration error."""

import math
from statistics import NormalDist

import numpy as np

from retraining.check import Check, Verdict, defined
from retraining.gate.evidence import Answers, Booleans, Floats, Integers

MOST_BINS = 15
LEAST_IN_BIN = 20
SWAPS = 499
SEED = 20261


def calibration_error(confidence: Floats, right: Booleans) -> tuple[float, float]:
    """Return the expected calibration error as it is seen, and without what chance adds to it.

    Bins of equally many examples, by confidence, have each a gap between the mean confidence and the share of
    right answers; the error is their mean. Naeini, Cooper & Hauskrecht (2015), "Obtaining well calibrated
    probabilities using Bayesian binning", AAAI; equal bins: Nguyen & O'Connor (2015), "Posterior calibration
    and exploratory analysis for natural language processing models", EMNLP.

    The gap of few examples is never 0, so a perfect model seems to err. What a gap's own noise adds is the
    mean of the folded normal distribution less the gap, and is taken off, as Kumar, Liang & Ma (2019),
    "Verified uncertainty calibration", NeurIPS, do by drawing. That takes off too little where the gap is
    itself noise: of a perfect model about half remains (the gate's README has figures). Errors that cancel
    within a bin are not seen, and only the likeliest class is looked at.
    """
    if not len(confidence):
        return math.nan, math.nan
    bin_of = _bins(confidence)
    counts = np.bincount(bin_of)
    gaps = np.abs(np.bincount(bin_of, confidence) - np.bincount(bin_of, right)) / np.maximum(counts, 1)
    # One right and one wrong answer more, as twenty right ones of twenty do not make certain.
    shares = (np.bincount(bin_of, right) + 1) / (counts + 2)
    seen = excess = 0.0
    for count, gap, share in zip(counts.tolist(), gaps.tolist(), shares.tolist(), strict=True):
        if count:
            seen += gap * count
            excess += (_folded_mean(gap, math.sqrt(share * (1 - share) / count)) - gap) * count
    return seen / len(confidence), max(0.0, seen - excess) / len(confidence)


def calibration_limit(answers: Answers, *, limit: float, required: bool = False) -> Check:
    """Fail where the error, without what chance adds, is above the limit."""
    confidence, right = answers.candidate.max(axis=1), answers.candidate_right
    seen, error = calibration_error(confidence, right)
    numbers = defined(examples=len(right), seen=seen, error=error, limit=limit)
    if not len(right):
        return Check(
            "calibration_limit", answers.set, Verdict.INSUFFICIENT, "No examples.", numbers, required
        )
    high = error > limit
    why = (
        f"The candidate says {confidence.mean():.1%} on average and is right in {right.mean():.1%}: its "
        f"calibration error is {error:.3f}, {'more' if high else 'not more'} than {limit:g}."
    )
    verdict = Verdict.FAIL if high else Verdict.PASS
    return Check("calibration_limit", answers.set, verdict, why, numbers, required)


def calibration(answers: Answers, *, margin: float, alpha: float, required: bool = False) -> Check:
    """Fail where the candidate's error is above production's by more than `margin`, and not by chance.

    If the models were alike, either answer to an example could be either model's. So each example's two
    answers are swapped by a coin, with a fixed seed, and p is how often the difference is then as large:
    a permutation test, exact with drawn permutations by Phipson & Smyth (2010), "Permutation p-values should
    never be zero", Statistical Applications in Genetics and Molecular Biology 9(1).
    """
    if not answers.ids:
        return Check("calibration", answers.set, Verdict.INSUFFICIENT, "No examples.", {}, required)
    confidences = np.stack([answers.production.max(axis=1), answers.candidate.max(axis=1)])
    rights = np.stack([answers.production_right, answers.candidate_right])
    errors = [calibration_error(*one)[1] for one in zip(confidences, rights, strict=True)]
    difference = errors[1] - errors[0]
    numbers = defined(
        examples=len(answers.ids),
        error=errors[1],
        production_error=errors[0],
        difference=difference,
        margin=margin,
    )
    said = f"The candidate's calibration error is {errors[1]:.3f}, production's {errors[0]:.3f}"
    if difference <= margin:
        why = f"{said}: not more than {margin:g} above."
        return Check("calibration", answers.set, Verdict.PASS, why, numbers, required)
    p_value = _swap_p_value(confidences, rights, difference)
    numbers |= defined(p_value=p_value, alpha=alpha)
    if p_value <= alpha:
        why = f"{said}: more than {margin:g} above, and chance does that in {p_value:.2g} of all cases."
        return Check("calibration", answers.set, Verdict.FAIL, why, numbers, required)
    why = f"{said}: more than {margin:g} above, but chance does that in {p_value:.2g} of all cases."
    return Check("calibration", answers.set, Verdict.INSUFFICIENT, why, numbers, required)


def _swap_p_value(confidences: Floats, rights: Booleans, difference: float) -> float:
    generator = np.random.default_rng(SEED)
    columns = np.arange(confidences.shape[1])
    as_large = 0
    for _ in range(SWAPS):
        first = generator.integers(2, size=len(columns))
        errors = [
            calibration_error(confidences[row, columns], rights[row, columns])[1]
            for row in (first, 1 - first)
        ]
        as_large += errors[1] - errors[0] >= difference - 1e-12
    return (1 + as_large) / (1 + SWAPS)


def _bins(confidence: Floats) -> Integers:
    """Return the bin of each example (N,). Equal confidences share one: their order means nothing."""
    _, which, counts = np.unique(confidence, return_inverse=True, return_counts=True)
    bins = min(MOST_BINS, max(1, len(confidence) // LEAST_IN_BIN))
    middles = np.cumsum(counts) - counts / 2
    of_value = (middles * bins / len(confidence)).astype(np.intp)
    return of_value[which]


def _folded_mean(mean: float, deviation: float) -> float:
    """Return the mean of |X|, X normal.

    Leone, Nelson & Nottingham (1961), "The folded normal distribution", Technometrics 3(4).
    """
    ratio = mean / deviation
    density = math.sqrt(2 / math.pi) * math.exp(-ratio * ratio / 2)
    return deviation * density + mean * (1 - 2 * NormalDist().cdf(-ratio))
