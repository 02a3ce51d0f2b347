"""Whether the candidate answers as the stable slot does: which labels, and how sure of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from release.verdict.confidence_sequence import Mean, Step, of_difference
from release.verdict.gate import FAIL_ALPHA, PASS_ALPHA, Gate, Verdict, defined

LEAST_PREDICTIONS = 200  # of each slot, in all steps together
TIGHTEST_AT = 2000.0  # predictions of both slots


@dataclass(frozen=True)
class LabelCounts:
    """How often both slots predicted each label, in a time in which their shares did not change."""

    candidate: Mapping[str, int]
    stable: Mapping[str, int]


def labels(steps: Sequence[LabelCounts], *, margin: float = 0.1) -> Gate:
    """Fail where a label's share of the candidate's predictions is more than `margin` off the stable slot's.

    Pass where every label's is shown to be within; neither: insufficient. A better model may predict a label
    more often or less, so equal shares are not asked for. For the bounds see `confidence_sequence.width`; to
    fail, the two of all labels share FAIL_ALPHA (Bonferroni).
    """
    names = sorted({label for step in steps for label in (*step.candidate, *step.stable)})
    found = {name: of_difference(_of_label(name, steps), TIGHTEST_AT) for name in names}
    differences = {name: one for name, one in found.items() if one}
    candidate = sum(sum(step.candidate.values()) for step in steps)
    stable = sum(sum(step.stable.values()) for step in steps)
    numbers = defined(candidate_predictions=candidate, stable_predictions=stable, margin=margin)
    numbers |= {f"difference[{name}]": one.value for name, one in differences.items()}
    if not differences or min(candidate, stable) < LEAST_PREDICTIONS:
        return _too_few("labels", candidate, stable, numbers)
    fail_alpha = FAIL_ALPHA / (2 * len(differences))
    at_least = {name: max(one.lower(fail_alpha), -one.upper(fail_alpha)) for name, one in differences.items()}
    at_most = {name: max(one.upper(PASS_ALPHA), -one.lower(PASS_ALPHA)) for name, one in differences.items()}
    name = max(differences, key=lambda name: abs(differences[name].value))
    numbers |= defined(at_least=max(0.0, *at_least.values()), at_most=max(at_most.values()))
    said = f"The share of {name!r} differs most, by {differences[name].value * 100:+.1f} points"
    if numbers["at_least"] > margin:
        why = f"{said}: one by at least {_points(numbers['at_least'])}, and {_points(margin)} are too many."
        return Gate("labels", Verdict.FAIL, why, numbers)
    if numbers["at_most"] > margin:
        why = f"{said}: one may differ by {_points(numbers['at_most'])}, and {_points(margin)} are too many."
        return Gate("labels", Verdict.INSUFFICIENT, why, numbers)
    why = f"{said}: none by more than {_points(numbers['at_most'])}, below {_points(margin)}."
    return Gate("labels", Verdict.PASS, why, numbers)


def confidence(steps: Sequence[Step], *, margin: float = 0.1) -> Gate:
    """Fail where the candidate's mean confidence is more than `margin` below the stable slot's.

    Pass where it is shown not to be; neither: insufficient. A higher confidence is no harm by itself. Needs
    sums and numbers only: the variance is taken for as large as it can be with such a mean.
    """
    difference = of_difference(steps, TIGHTEST_AT)
    candidate = sum(step.candidate.count for step in steps)
    stable = sum(step.stable.count for step in steps)
    numbers = defined(candidate_predictions=candidate, stable_predictions=stable, margin=margin)
    if not difference or min(candidate, stable) < LEAST_PREDICTIONS:
        return _too_few("confidence", candidate, stable, numbers)
    lower, upper = difference.lower(PASS_ALPHA), difference.upper(FAIL_ALPHA)
    numbers |= defined(difference=difference.value, lower=lower, upper=upper)
    said = f"The candidate's mean confidence differs by {difference.value * 100:+.1f} points"
    if upper < -margin:
        why = f"{said}: it is at least {_points(-upper)} lower, and {_points(margin)} are too many."
        return Gate("confidence", Verdict.FAIL, why, numbers)
    may = f"it may be {_points(max(0.0, -lower))} lower"
    if lower < -margin:
        why = f"{said}: {may}, and {_points(margin)} are too many."
        return Gate("confidence", Verdict.INSUFFICIENT, why, numbers)
    return Gate("confidence", Verdict.PASS, f"{said}: {may}, less than {_points(margin)}.", numbers)


def _of_label(name: str, steps: Sequence[LabelCounts]) -> list[Step]:
    return [Step(_share(name, step.candidate), _share(name, step.stable)) for step in steps]


def _share(name: str, counts: Mapping[str, int]) -> Mean:
    return Mean(sum(counts.values()), counts.get(name, 0))


def _points(share: float) -> str:
    return f"{share * 100:.1f}"


def _too_few(name: str, candidate: int, stable: int, numbers: Mapping[str, float]) -> Gate:
    why = (
        f"{candidate} predictions of the candidate, {stable} of the stable slot: "
        f"{LEAST_PREDICTIONS} of each are needed."
    )
    return Gate(name, Verdict.INSUFFICIENT, why, numbers, empty=not candidate and not stable)
