"""The examples that the candidate gets wrong and production does not, the worst first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import TypeAdapter

from retraining.gate.mistakes import NewMistake
from retraining.report.found import Arrays
from retraining.report.words import number
from retraining.runs.run import Run
from training_data.sides import GOLDEN, HELD_OUT
from training_data.task import Task

MOST_SHOWN = 24
NEW_MISTAKES = TypeAdapter(tuple[NewMistake, ...])


@dataclass(frozen=True)
class Mistake:
    """An example, what is true of it, and what each model says."""

    set: str
    id: str
    label: str
    production: str
    candidate: str


@dataclass(frozen=True)
class Mistakes:
    """How many there are, and those that are shown."""

    count: int
    shown: tuple[Mistake, ...]


def mistakes_of(run: Run, predictions: Arrays, task: Task) -> Mistakes:
    """Return a judged run's mistakes; of one that was not judged none."""
    if "judge" not in run.steps or run.steps["judge"].result is None:
        return Mistakes(0, ())
    if task.classes:
        found = NEW_MISTAKES.validate_python(run.result("judge").get("new_mistakes", ()))
        worst = sorted(found, key=lambda one: (-one.confidence, one.id))[:MOST_SHOWN]
        return Mistakes(len(found), tuple(_of_classifier(one, predictions) for one in worst))
    return _of_regressor(predictions)


def _of_classifier(one: NewMistake, predictions: Arrays) -> Mistake:
    """Return it with how sure production was, where that is known."""
    rows = np.flatnonzero(predictions.get(f"{one.set}/ids", np.zeros(0, np.str_)) == one.id)
    sure = predictions[f"{one.set}/production"][rows[0]].max() if len(rows) else None
    production = one.label if sure is None else said(one.label, float(sure))
    return Mistake(one.set, one.id, one.label, production, said(one.candidate, one.confidence))


def said(answer: str, confidence: float) -> str:
    """Return an answer and how sure it is."""
    return f"{answer} {100 * confidence:.0f}\N{NO-BREAK SPACE}%"


def _of_regressor(predictions: Arrays) -> Mistakes:
    """Return the examples for which the candidate is further off than production, by how much."""
    found: list[tuple[float, Mistake]] = []
    for name in (GOLDEN, HELD_OUT):
        if f"{name}/candidate" not in predictions:
            continue
        targets = predictions[f"{name}/labels"].astype(float)
        production, candidate = (
            predictions[f"{name}/{model}"].reshape(-1) for model in ("production", "candidate")
        )
        further = np.abs(candidate - targets) - np.abs(production - targets)
        for row in np.flatnonzero(further > 0).tolist():
            values = [number(float(one[row])) for one in (targets, production, candidate)]
            found.append((float(further[row]), Mistake(name, str(predictions[f"{name}/ids"][row]), *values)))
    found.sort(key=lambda one: (-one[0], one[1].id))
    return Mistakes(len(found), tuple(mistake for _, mistake in found[:MOST_SHOWN]))


def ids_of(mistakes: Sequence[Mistake], set_name: str) -> set[str]:
    """Return the ids of those of a set."""
    return {one.id for one in mistakes if one.set == set_name}
