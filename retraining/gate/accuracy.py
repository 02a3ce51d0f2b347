"""How often the candidate is right: above a floor, not below production, and so in each class."""

from collections.abc import Sequence

import numpy as np

from retraining.check import Check, Verdict, defined
from retraining.gate.evidence import Answers
from retraining.gate.pairs import holm, not_worse, pairs


def above_floor(answers: Answers, *, floor: float, required: bool = False) -> Check:
    """Fail where the share of right answers is below the floor, whatever production does."""
    right = int(np.count_nonzero(answers.candidate_right))
    count = len(answers.ids)
    numbers = defined(examples=count, right=right, floor=floor)
    if not count:
        return Check("accuracy_floor", answers.set, Verdict.INSUFFICIENT, "No examples.", numbers, required)
    numbers |= defined(accuracy=right / count, production_accuracy=answers.production_right.mean())
    low = right / count < floor
    why = (
        f"The candidate is right {right} of {count} times, {right / count:.2%}: "
        f"{'less' if low else 'not less'} than {floor:.2%}."
    )
    return Check("accuracy_floor", answers.set, Verdict.FAIL if low else Verdict.PASS, why, numbers, required)


def accuracy(answers: Answers, *, margin: float, alpha: float, required: bool = False) -> Check:
    """Fail where the candidate is right less often than production; see `pairs.not_worse`."""
    found = pairs(answers.production_right, answers.candidate_right)
    if not found.count:
        return Check("accuracy", answers.set, Verdict.INSUFFICIENT, "No examples.", {}, required)
    return not_worse("accuracy", answers.set, found, margin=margin, alpha=alpha, required=required)


def recalls(
    answers: Answers,
    classes: Sequence[str],
    *,
    margin: float,
    alpha: float,
    minimum_examples: int,
    required: bool = False,
) -> list[Check]:
    """Compare each class's examples by themselves; with fewer than `minimum_examples` it is not judged.

    To fail a class the p-values of all judged ones are corrected (`pairs.holm`), so that of many classes
    none is blamed by chance more often than alpha. To pass needs no correction, as each one must: Berger
    (1982), "Multiparameter hypothesis testing and acceptance sampling", Technometrics 24(4).
    """
    found = {
        name: pairs(answers.production_right[of_class], answers.candidate_right[of_class])
        for name, of_class in ((name, answers.labels == index) for index, name in enumerate(classes))
    }
    judged = [name for name, one in found.items() if one.count >= minimum_examples]
    corrected = dict(zip(judged, holm([found[name].p_value for name in judged]), strict=True))
    return [
        not_worse(
            f"recall[{name}]",
            answers.set,
            one,
            margin=margin,
            alpha=alpha,
            required=required,
            p_value=corrected[name],
        )
        if name in corrected
        else _too_few(f"recall[{name}]", answers.set, one.count, minimum_examples, required=required)
        for name, one in found.items()
    ]


def _too_few(name: str, set_name: str, count: int, minimum: int, *, required: bool) -> Check:
    why = f"{count} examples of this class: {minimum} are needed."
    numbers = defined(examples=count, minimum_examples=minimum)
    return Check(name, set_name, Verdict.INSUFFICIENT, why, numbers, required)
