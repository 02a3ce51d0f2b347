"""What a report says, made of the run's document and of what lies in its folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from pydantic import TypeAdapter

from retraining.check import Check, Verdict
from retraining.gate.mistakes import Confusion
from retraining.report import charts
from retraining.report.charts import Chart
from retraining.report.data import Data, data_of
from retraining.report.found import Arrays, Example, Found
from retraining.report.matrices import Matrices, matrices_of
from retraining.report.mistakes import Mistake, mistakes_of
from retraining.report.words import (
    MINUS,
    STEPS,
    TRIGGERS,
    check_title,
    duration,
    moment,
    number,
    percent,
    points,
    sentence,
)
from retraining.runs.run import Outcome, Run, Step
from retraining.telling import SUBJECTS
from training_data.sides import GOLDEN, HELD_OUT
from training_data.task import Task

TONES = {
    Outcome.PROMOTED: "good",
    Outcome.NOT_PROMOTED: "bad",
    Outcome.GATE_REFUSED: "bad",
    Outcome.DATA_REFUSED: "bad",
    Outcome.TOO_FEW_RECORDS: "plain",
    Outcome.STOPPED: "plain",
    Outcome.FAILED: "bad",
}
MODELS = ("production", "candidate")
SETS = (GOLDEN, HELD_OUT)
NOTICED = 0.005  # a smaller gain or loss has no colour
DRIFT = (
    "of a record's neighbours are on its own side: before or new. It would be half if nothing had moved,"
    " and all if nothing new were like anything before."
)
ORDER = (Verdict.FAIL, Verdict.INSUFFICIENT, Verdict.PASS)
CHECKS = TypeAdapter(tuple[Check, ...])
CONFUSIONS = TypeAdapter(tuple[Confusion, ...])
Terms = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Tile:
    """A figure that is seen first: production's and the candidate's, or one alone."""

    title: str
    value: str
    before: str = ""
    note: str = ""
    tone: str = "plain"


@dataclass(frozen=True)
class StepRow:
    """A step: when it began and how long it took, as shares of the whole run."""

    name: str
    what: str
    state: str
    took: str
    start: float
    share: float
    note: str


@dataclass(frozen=True)
class CheckRow:
    """A check as people read it."""

    title: str
    set: str
    verdict: str
    why: str
    numbers: Terms
    is_required: bool


@dataclass(frozen=True)
class Shown:
    """A mistake and what its record holds."""

    mistake: Mistake
    example: Example


@dataclass(frozen=True)
class Report:
    """All that the page shows; a part that the run has not come to is None or empty."""

    id: str
    headline: str
    lead: str
    tone: str
    is_kept: bool
    begun: str
    by: str
    tiles: tuple[Tile, ...]
    drift: Tile | None
    steps: tuple[StepRow, ...]
    data: Data | None
    data_checks: tuple[CheckRow, ...]
    gate_checks: tuple[CheckRow, ...]
    matrices: tuple[Matrices, ...]
    answers: tuple[Chart, ...]
    training: tuple[Chart, ...]
    mistakes: int
    shown: tuple[Shown, ...]
    features: tuple[str, ...]
    is_classifier: bool
    release: Terms
    lineage: Terms
    hyperparameters: Terms
    libraries: Terms


def report_of(run: Run, found: Found, task: Task, now: datetime) -> Report:
    """Return what there is to say of a run, whether it has ended or not."""
    mistakes = mistakes_of(run, found.predictions, task)
    curve = charts.loss_curve(found.losses)
    return Report(
        id=run.id,
        headline=headline(run),
        lead=lead(run),
        tone=TONES[run.outcome] if run.outcome else "plain",
        is_kept=run.outcome not in {None, Outcome.PROMOTED},
        begun=moment(run.begun_at),
        by=f"{run.who} ({TRIGGERS[run.trigger]}){f': {run.why}' if run.why else ''}",
        tiles=tiles(run, found, now),
        drift=drift(run),
        steps=step_rows(run, now),
        data=data_of(found, task),
        data_checks=check_rows(run, "check"),
        gate_checks=check_rows(run, "judge"),
        matrices=tuple(
            map(matrices_of, CONFUSIONS.validate_python(result(run, "judge").get("confusions", ())))
        ),
        answers=answer_charts(found.predictions, task),
        training=(curve,) if curve else (),
        mistakes=mistakes.count,
        shown=tuple(Shown(one, found.examples.get(one.id, Example())) for one in mistakes.shown),
        features=task.features,
        is_classifier=bool(task.classes),
        release=release_terms(run),
        lineage=lineage_terms(run, found),
        hyperparameters=tuple(
            (name, number(value) if isinstance(value, float) else str(value))
            for name, value in (found.hyperparameters.model_dump().items() if found.hyperparameters else ())
        ),
        libraries=tuple(found.libraries.items()),
    )


def result(run: Run, step: str) -> Mapping[str, object]:
    """Return what a step has found out; nothing of one that is not done."""
    return run.result(step) if step in run.steps else {}


def headline(run: Run) -> str:
    """Return how it ended, in a few words."""
    subject = SUBJECTS[run.outcome] if run.outcome else "this run is under way"
    return subject[:1].upper() + subject[1:]


def lead(run: Run) -> str:
    """Return why, or what it does now."""
    if run.outcome:
        return sentence(run.reason)
    name, step = next(reversed(run.steps.items()), ("", None))
    if step is None:
        return "Nothing is done yet."
    return f"The step {name!r} is not done." if step.ended_at is None else f"The step {name!r} is done."


def tiles(run: Run, found: Found, now: datetime) -> tuple[Tile, ...]:
    """Return the figures that matter most."""
    metrics = result(run, "judge").get("metrics")
    made = _metric_tiles(metrics) if isinstance(metrics, Mapping) else []
    failed = [one for step in ("check", "judge") for one in check_rows(run, step) if one.verdict == "fail"]
    if failed:
        made.append(Tile("Checks that failed", str(len(failed)), tone="bad"))
    if found.version is not None:
        new = sum(
            sum(sum(labels.values()) for labels in one.counts.values())
            for one in found.version.shards
            if one.name in found.new_shards
        )
        made.append(Tile("New records", number(new), note=f"data set {found.version.number}"))
    elif "records" in (collected := result(run, "collect")):
        made.append(Tile("New records", str(collected["records"])))
    took = ((run.ended_at or now) - run.begun_at).total_seconds()
    return (*made, Tile("Took" if run.ended_at else "Since", duration(took)))


def _metric_tiles(metrics: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[Tile]:
    made = []
    for name in SETS:
        if not all(name in metrics.get(model, {}) for model in MODELS):
            continue
        production, candidate = (metrics[model][name] for model in MODELS)
        count = number(candidate["n"])
        if "accuracy" in candidate:
            difference = candidate["accuracy"] - production["accuracy"]
            said = (percent(production["accuracy"]), percent(candidate["accuracy"]), points(difference))
            title, gain = "Accuracy", difference
        else:
            ratio = candidate["rmse"] / production["rmse"] - 1 if production["rmse"] else 0.0
            change = f"{ratio:+.1%}".replace("%", " %").replace("-", MINUS)
            said = (number(production["rmse"]), number(candidate["rmse"]), change)
            title, gain = "RMSE", -ratio
        tone = "plain" if abs(gain) < NOTICED else "good" if gain > 0 else "bad"
        made.append(Tile(f"{title}, {name} set", said[1], said[0], f"{said[2]}, {count} examples", tone))
    return made


def drift(run: Run) -> Tile | None:
    """Return how far the inputs have moved, where that was looked at."""
    for one in _checks(run, "check"):
        if one.name == "drift" and "own_neighbours" in one.numbers:
            return Tile("Drift", percent(one.numbers["own_neighbours"]), note=DRIFT)
    return None


def step_rows(run: Run, now: datetime) -> tuple[StepRow, ...]:
    """Return the steps that have begun."""
    end = run.ended_at or now
    whole = max((end - run.begun_at).total_seconds(), 1e-9)
    rows = []
    for name, step in run.steps.items():
        took = max(((step.ended_at or end) - step.begun_at).total_seconds(), 0.0)
        start = min(max((step.begun_at - run.begun_at).total_seconds() / whole, 0.0), 1.0)
        rows.append(
            StepRow(
                name,
                STEPS.get(name, ""),
                state_of(step, run),
                duration(took),
                round(100 * start, 2),
                round(100 * min(took / whole, 1 - start), 2),
                step.fault or step.waits_for or "",
            )
        )
    return tuple(rows)


def state_of(step: Step, run: Run) -> str:
    """Return how far a step is, in a word."""
    if step.ended_at is not None:
        return "done"
    if run.outcome is Outcome.FAILED:
        return "failed"
    return "waits" if step.waits_for else "under way"


def check_rows(run: Run, step: str) -> tuple[CheckRow, ...]:
    """Return what the checks of a step said."""
    return tuple(
        CheckRow(
            check_title(one.name),
            one.set,
            str(one.verdict),
            one.why,
            tuple((name.replace("_", " "), number(value)) for name, value in one.numbers.items()),
            one.required,
        )
        for one in _checks(run, step)
    )


def _checks(run: Run, step: str) -> tuple[Check, ...]:
    """Return a step's checks, those that failed first."""
    found = CHECKS.validate_python(result(run, step).get("checks", ()))
    return tuple(sorted(found, key=lambda one: ORDER.index(one.verdict)))


def answer_charts(predictions: Arrays, task: Task) -> tuple[Chart, ...]:
    """Draw what both models answered, set by set."""
    drawn = []
    for name in SETS:
        if not all(f"{name}/{one}" in predictions for one in ("labels", *MODELS)):
            continue
        labels = predictions[f"{name}/labels"]
        outputs = {model: predictions[f"{name}/{model}"] for model in MODELS}
        if task.classes:
            answers = [
                (model, np.asarray(said.max(axis=1), float), said.argmax(axis=1) == labels)
                for model, said in outputs.items()
            ]
            drawn.append(charts.reliability_diagram(name, answers))
        else:
            values = [(model, np.asarray(said.reshape(-1), float)) for model, said in outputs.items()]
            drawn.append(charts.truth_chart(name, np.asarray(labels, float), values))
    return tuple(one for one in drawn if one)


def release_terms(run: Run) -> Terms:
    """Return what the release was and how it ended."""
    asked, decided = result(run, "release"), result(run, "decide")
    terms = {
        "Release": asked.get("release"),
        "Plan": asked.get("plan"),
        "Phase": str(decided.get("phase") or "").replace("_", " "),
        "Decision": decided.get("decision"),
        "Why": sentence(run.reason) if asked and run.outcome else "",
    }
    return tuple((name, str(value)) for name, value in terms.items() if value) if asked else ()


def lineage_terms(run: Run, found: Found) -> Terms:
    """Return where the candidate comes from, as far as it was made."""
    collected, packed, pushed = (result(run, step) for step in ("collect", "package", "push"))
    parent = f"{found.production.name}, version {found.production.version}" if found.production else ""
    seed = found.hyperparameters.seed if found.hyperparameters else ""
    training = found.training
    terms = {
        "Parent": parent,
        "Parent's package": collected.get("production"),
        "Candidate's version": collected.get("candidate_version"),
        "Candidate's package": packed.get("package"),
        "Candidate's weights": training.weights_sha256 if training else "",
        "Data set": f"{found.version.number}, {found.version.id}" if found.version else "",
        "Trained on": f"{training.examples:,} records in {duration(training.seconds)}" if training else "",
        "Seed": str(seed),
        "Code": found.code_commit,
        "Tag": pushed.get("tag"),
        "Revision": pushed.get("revision"),
    }
    return tuple((name, str(value)) for name, value in terms.items() if value)
