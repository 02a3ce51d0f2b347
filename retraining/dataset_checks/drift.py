"""How far a dataset's inputs are from the last one's: told, and no reason to refuse it."""

import numpy as np

from retraining.check import Check, Verdict, defined
from retraining.dataset_checks.neighbours import nearest
from retraining.gate.evidence import Booleans, Floats, Integers

NEIGHBOURS = 10
MOST_RECORDS = 1000
PERMUTATIONS = 199
LEAST_RECORDS = 50
SEED = 20261


def drift(embeddings: Floats, last: Floats) -> Check:
    """Tell which share of a record's neighbours is of its own dataset: half without drift, all at most.

    As many records of each are drawn, with a fixed seed. p is how often a share as large comes where the
    records are dealt to the two anew: Schilling (1986), "Multivariate two-sample tests based on nearest
    neighbors", Journal of the American Statistical Association 81(395). Never a failure: a model is trained
    again because the inputs change.
    """
    if embeddings.shape[1] != last.shape[1]:
        why = f"Embeddings of {embeddings.shape[1]} values cannot be compared with those of {last.shape[1]}."
        return Check("drift", "", Verdict.INSUFFICIENT, why, {})
    each = min(len(embeddings), len(last), MOST_RECORDS)
    numbers = defined(records=each)
    if each < LEAST_RECORDS:
        why = f"{each} records of each dataset: {LEAST_RECORDS} are needed."
        return Check("drift", "", Verdict.INSUFFICIENT, why, numbers)
    generator = np.random.default_rng(SEED)
    drawn = [one[generator.permutation(len(one))[:each]] for one in (embeddings, last)]
    neighbours = nearest(np.concatenate(drawn), NEIGHBOURS)
    of_last = np.repeat([False, True], each)
    share = _own(of_last, neighbours)
    dealt = (_own(generator.permutation(of_last), neighbours) for _ in range(PERMUTATIONS))
    p_value = (1 + sum(one >= share for one in dealt)) / (1 + PERMUTATIONS)
    numbers |= defined(own_neighbours=share, p_value=p_value)
    changed = "the inputs have changed" if p_value <= 0.05 else "chance explains that"
    why = f"{share:.1%} of a record's neighbours are of its own dataset, of two alike half: {changed}."
    return Check("drift", "", Verdict.PASS, why, numbers)


def _own(of_last: Booleans, neighbours: Integers) -> float:
    return float(np.mean(of_last[neighbours] == of_last[:, None]))
