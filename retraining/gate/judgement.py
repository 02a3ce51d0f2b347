"""Judge a candidate by all checks of `gate.toml`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from retraining.check import Check, Verdict, defined, summary
from retraining.gate.accuracy import above_floor, accuracy, recalls
from retraining.gate.calibration import calibration, calibration_limit
from retraining.gate.evidence import Answers, Latencies, Values
from retraining.gate.latency import latency
from retraining.gate.mistakes import Confusion, NewMistake, confusion, new_mistakes
from retraining.gate.rmse import below_limit, rmse
from retraining.gate.thresholds import ClassifierThresholds, RegressorThresholds, Thresholds


@dataclass(frozen=True)
class Judgement:
    """The verdict, the sentences of those checks that decided it, every check, and where answers differ.

    `dataclasses.asdict` makes JSON of it.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    checks: tuple[Check, ...]
    confusions: tuple[Confusion, ...] = ()
    new_mistakes: tuple[NewMistake, ...] = ()


def judge_classifier(
    thresholds: ClassifierThresholds,
    answers: Sequence[Answers],
    latencies: Latencies | None,
    classes: Sequence[str],
) -> Judgement:
    """Judge a classifier; `classes` names the columns of the probabilities.

    Raises:
        ValueError: a set is there twice, or has other than so many classes.
    """
    for one in answers:
        if one.production.shape[1] != len(classes):
            raise ValueError(f"{one.set}: {one.production.shape[1]} probabilities for {len(classes)} classes")
    checks = [*_examples(thresholds, answers)]
    for one in answers:
        if one.ids:
            checks += _of_classifier(thresholds, one, classes)
    checks += _latency(thresholds, latencies)
    return replace(
        _judgement(checks),
        confusions=tuple(confusion(one, classes) for one in answers),
        new_mistakes=tuple(mistake for one in answers for mistake in new_mistakes(one, classes)),
    )


def judge_regressor(
    thresholds: RegressorThresholds, values: Sequence[Values], latencies: Latencies | None
) -> Judgement:
    """Judge a regressor.

    Raises:
        ValueError: a set is there twice.
    """
    checks = [*_examples(thresholds, values)]
    for one in values:
        if one.ids:
            checks += _of_regressor(thresholds, one)
    checks += _latency(thresholds, latencies)
    return _judgement(checks)


def _of_classifier(
    thresholds: ClassifierThresholds, answers: Answers, classes: Sequence[str]
) -> Iterator[Check]:
    alpha, name = thresholds.alpha, answers.set
    if (floor := thresholds.accuracy_floor) and floor.applies_to(name):
        yield above_floor(answers, floor=floor.floor, required=floor.required)
    if (asked := thresholds.accuracy).applies_to(name):
        yield accuracy(answers, margin=asked.margin, alpha=alpha, required=asked.required)
    if (recall := thresholds.recall) and recall.applies_to(name):
        yield from recalls(
            answers,
            classes,
            margin=recall.margin,
            alpha=alpha,
            minimum_examples=recall.minimum_examples,
            required=recall.required,
        )
    if (limit := thresholds.calibration_limit) and limit.applies_to(name):
        yield calibration_limit(answers, limit=limit.limit, required=limit.required)
    if (compared := thresholds.calibration) and compared.applies_to(name):
        yield calibration(answers, margin=compared.margin, alpha=alpha, required=compared.required)


def _of_regressor(thresholds: RegressorThresholds, values: Values) -> Iterator[Check]:
    if (limit := thresholds.rmse_limit) and limit.applies_to(values.set):
        yield below_limit(values, limit=limit.limit, required=limit.required)
    if (asked := thresholds.rmse).applies_to(values.set):
        yield rmse(values, share=asked.share, alpha=thresholds.alpha, required=asked.required)


def _examples(thresholds: Thresholds, sets: Sequence[Answers] | Sequence[Values]) -> Iterator[Check]:
    """Ask for enough examples of each set that the file names: without them nothing passes."""
    counts = {one.set: len(one.ids) for one in sets}
    if len(counts) < len(sets):
        raise ValueError("a set is there twice")
    needed = thresholds.minimum_examples
    for name in thresholds.sets:
        count = counts.get(name, 0)
        verdict = Verdict.PASS if count >= needed else Verdict.INSUFFICIENT
        why = f"{count} examples; {needed} are needed."
        numbers = defined(examples=count, minimum_examples=needed)
        yield Check("examples", name, verdict, why, numbers, required=True)


def _latency(thresholds: Thresholds, latencies: Latencies | None) -> Iterator[Check]:
    if not (asked := thresholds.latency):
        return
    if latencies is None:
        yield Check("latency", "", Verdict.INSUFFICIENT, "No latency was measured.", {}, asked.required)
    else:
        yield latency(latencies, ratio=asked.ratio, alpha=thresholds.alpha, required=asked.required)


def _judgement(checks: list[Check]) -> Judgement:
    found = summary(checks)
    return Judgement(found.verdict, found.reasons, tuple(checks))
