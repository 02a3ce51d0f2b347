"""Check a dataset by all that `gate.toml` asks of one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from retraining.check import Check, Summary, Verdict, defined, summary
from retraining.dataset_checks.drift import drift
from retraining.dataset_checks.label_noise import label_noise
from retraining.dataset_checks.records import Answered, Keys, Records
from retraining.gate.evidence import Floats, Integers
from retraining.gate.thresholds import DatasetThresholds


@dataclass(frozen=True)
class Inspection:
    """The verdict on a dataset, the sentences of those checks that decided it, and every check."""

    summary: Summary
    checks: tuple[Check, ...]


def inspect(
    thresholds: DatasetThresholds,
    records: Records,
    classes: Sequence[str],
    *,
    others: Mapping[str, Keys],
    last: Floats | None = None,
    production: Answered | None = None,
    golden: Answered | None = None,
) -> Inspection:
    """Check the records that a model is to be trained with.

    `others` are the sets that must share none of them, by name; `last` the embeddings (M, D) of the last
    dataset; `production` what that model says of these records, `golden` what it says of the golden set.
    """
    checks = [examples(len(records.keys.ids), thresholds.minimum_examples)]
    if records.labels is not None:
        checks.append(class_balance(records.labels, classes, smallest_share=thresholds.smallest_class_share))
    checks += [leakage(records.keys, name, keys) for name, keys in others.items()]
    if records.labels is not None and (asked := thresholds.label_noise):
        checks.append(
            label_noise(
                records,
                limit=asked.limit,
                alpha=thresholds.alpha,
                required=asked.required,
                production=production,
                golden=golden,
            )
        )
    if last is not None:
        checks.append(drift(records.embeddings, last))
    return Inspection(summary(checks), tuple(checks))


def examples(count: int, minimum: int) -> Check:
    """Ask for so many records; with fewer nothing is trained."""
    verdict = Verdict.PASS if count >= minimum else Verdict.INSUFFICIENT
    numbers = defined(examples=count, minimum_examples=minimum)
    return Check("examples", "", verdict, f"{count} records; {minimum} are needed.", numbers, required=True)


def class_balance(labels: Integers, classes: Sequence[str], *, smallest_share: float) -> Check:
    """Fail where the smallest class has less than this part of what it would have if all had as many."""
    counts = np.bincount(labels, minlength=len(classes)).tolist()
    if not len(labels):
        return Check("class_balance", "", Verdict.INSUFFICIENT, "No records.", {})
    smallest = min(range(len(classes)), key=counts.__getitem__)
    share = counts[smallest] * len(classes) / len(labels)
    numbers = defined(share=share, smallest_share=smallest_share)
    numbers |= {f"records[{name}]": float(count) for name, count in zip(classes, counts, strict=True)}
    low = share < smallest_share
    why = (
        f"The smallest class, {classes[smallest]!r}, has {counts[smallest]} of {len(labels)} records, "
        f"{share:.2f} of an equal share: {'less' if low else 'not less'} than {smallest_share:g}."
    )
    return Check("class_balance", "", Verdict.FAIL if low else Verdict.PASS, why, numbers)


def leakage(training: Keys, name: str, other: Keys) -> Check:
    """Fail where a record, by its id or its content, is both in the training set and in `other`.

    What a model was trained on it has right for the wrong reason. Content that differs by a byte has another
    digest and is not seen. How many records share their content within the training set is told.
    """
    ids = set(training.ids) & set(other.ids)
    digests = set(training.digests) & set(other.digests)
    copies = sum(count - 1 for count in Counter(training.digests).values())
    numbers = defined(shared_ids=len(ids), shared_contents=len(digests), copies=copies)
    examples_of_both = [*sorted(ids)[:3], *sorted(digests)[:3]]
    said = f"{len(ids)} ids and {len(digests)} contents are in the training set and in {name!r} too"
    if examples_of_both:
        why = f"{said}, such as {', '.join(examples_of_both)}."
        return Check("leakage", name, Verdict.FAIL, why, numbers)
    return Check("leakage", name, Verdict.PASS, f"{said}.", numbers)
