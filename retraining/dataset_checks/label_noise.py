"""How many labels are wrong, be it by mistake or on purpose, told apart from inputs that have changed."""

import math

import numpy as np

from retraining.check import Check, Verdict, defined
from retraining.dataset_checks.neighbours import nearest
from retraining.dataset_checks.records import Answered, Records
from retraining.gate.evidence import Booleans

NEIGHBOURS = 25
CORE = 0.25
LEAST_IN_CORE = 40
MOST_RECORDS = 6000
CONFIDENT = 0.9
SEED = 20261
BISECTIONS = 50


def label_noise(
    records: Records,
    *,
    limit: float,
    alpha: float,
    required: bool = False,
    production: Answered | None = None,
    golden: Answered | None = None,
) -> Check:
    """Fail where more labels than `limit` are shown to be wrong.

    Each record's neighbours in the embedding vote, without its own label. In the CORE of the records, those
    whose neighbours agree most, a wrong label is what contradicts them: Wilson (1972), "Asymptotic properties
    of nearest neighbor rules using edited data", IEEE Transactions on Systems, Man and Cybernetics 2(3).
    Inputs that have changed lie between the classes, where neighbours disagree, so few of them are in the
    core; wrong labels are spread over all records, and over the core too. It fails where the exact binomial
    test (Clopper & Pearson 1934) says that the core's share is above the limit.

    What production says tells less: a model that meets new inputs is wrong, and sure of it. The share that
    it surely contradicts is in the numbers, beside the golden set's.

    A class with another's label throughout and many near copies with the same wrong label agree with
    themselves and are not seen here; the gate sees them on the golden set. README.md has figures.
    """
    numbers = defined(limit=limit, alpha=alpha, confident=CONFIDENT)
    said_of_production = ""
    if production is not None:
        contradicted = production.contradicted(CONFIDENT)
        expected = math.nan if golden is None else golden.contradicted(CONFIDENT)
        numbers |= defined(contradicted=contradicted, contradicted_golden=expected)
        said_of_production = f" Production surely contradicts {contradicted:.1%}"
        said_of_production += "." if math.isnan(expected) else f", {expected:.1%} of the golden set."
    contradicts = core_contradictions(records)
    if len(contradicts) < LEAST_IN_CORE:
        why = f"{len(records.keys.ids)} records: {math.ceil(LEAST_IN_CORE / CORE)} are needed."
        return Check("label_noise", "", Verdict.INSUFFICIENT, why + said_of_production, numbers, required)
    wrong, core = int(np.count_nonzero(contradicts)), len(contradicts)
    lower = binomial_lower(wrong, core, alpha)
    numbers |= defined(core=core, contradicting=wrong, estimate=wrong / core, lower=lower)
    said = (
        f"Of {core} records whose neighbours agree most, {wrong} have another label than these: "
        f"{wrong / core:.1%}, at least {lower:.1%}"
    )
    if lower > limit:
        why = f"{said}. More than {limit:.1%} wrong labels are too many.{said_of_production}"
        return Check("label_noise", "", Verdict.FAIL, why, numbers, required)
    verdict = Verdict.PASS if wrong / core <= limit else Verdict.INSUFFICIENT
    why = f"{said}. That does not show more than {limit:.1%} wrong labels.{said_of_production}"
    return Check("label_noise", "", verdict, why, numbers, required)


def core_contradictions(records: Records) -> Booleans:
    """Return which records of the core (M,) have another label than their neighbours' most frequent one.

    Of more than MOST_RECORDS a drawn part is looked at. Those with equal votes are taken in a drawn order.
    """
    if records.labels is None:
        raise ValueError("a regressor's records have no classes that could be wrong")
    generator = np.random.default_rng(SEED)
    order = generator.permutation(len(records.labels))[:MOST_RECORDS]
    if len(order) <= NEIGHBOURS:
        return np.zeros(0, bool)
    labels = records.labels[order]
    classes, compact = np.unique(labels, return_inverse=True)
    neighbours = compact[nearest(records.embeddings[order], NEIGHBOURS)]
    votes = np.stack([np.count_nonzero(neighbours == one, axis=1) for one in range(len(classes))], axis=1)
    core = np.argsort(-votes.max(axis=1), kind="stable")[: int(CORE * len(order))]
    contradicts: Booleans = votes[core].argmax(axis=1) != compact[core]
    return contradicts


def binomial_lower(seen: int, count: int, alpha: float) -> float:
    """Return the share that would show as many as `seen` of `count` with probability alpha; 0 for none."""
    if not seen:
        return 0.0
    below, above = 0.0, seen / count
    for _ in range(BISECTIONS):
        middle = (below + above) / 2
        if _upper_tail(seen, count, middle) < alpha:
            below = middle
        else:
            above = middle
    return below


def _upper_tail(seen: int, count: int, share: float) -> float:
    """Return how likely `seen` or more of `count` are, each with this probability."""
    log, log_not = math.log(share), math.log1p(-share)
    return math.fsum(
        math.exp(
            math.lgamma(count + 1)
            - math.lgamma(k + 1)
            - math.lgamma(count - k + 1)
            + k * log
            + (count - k) * log_not
        )
        for k in range(seen, count + 1)
    )
