"""What is seen at a glance: the run under way, step by step, and those that have ended."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel

from retraining.processes import last_lines
from retraining.report.words import STEPS, TRIGGERS, sentence
from retraining.runs.run import Outcome, Run, Step
from retraining.telling import SUBJECTS

MOST_SHOWN = 50
PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?) ?%")
OF = re.compile(r"(\d+) of (\d+)")

State = Literal["done", "under way", "waits", "failed", "to come"]


class StepNow(BaseModel):
    """A step of the run under way; `share` of it is done, where that is known."""

    name: str
    what: str
    state: State
    seconds: float | None = None
    says: str = ""
    share: float | None = None
    fault: str | None = None


class UnderWay(BaseModel):
    """The run under way."""

    id: str
    who: str
    why: str
    trigger: str
    begun_at: AwareDatetime
    seconds: float
    steps: list[StepNow]


class Ended(BaseModel):
    """A run that has ended."""

    id: str
    outcome: Outcome
    subject: str
    reason: str
    who: str
    trigger: str
    begun_at: AwareDatetime
    seconds: float
    version: str | None


class Overview(BaseModel):
    """What the first page shows; `more` are the runs before the shown ones."""

    under_way: UnderWay | None
    ended: list[Ended]
    more: int


def overview(runs: Sequence[Run], steps: Sequence[str], progress: str, now: datetime) -> Overview:
    """Return what is shown of runs, the newest first; `progress` is the last that a process said."""
    under_way = runs[0] if runs and runs[0].outcome is None else None
    ended = [ended_run(run) for run in runs if run.outcome is not None]
    return Overview(
        under_way=under_way and run_now(under_way, steps, progress, now),
        ended=ended[:MOST_SHOWN],
        more=max(0, len(ended) - MOST_SHOWN),
    )


def run_now(run: Run, steps: Sequence[str], progress: str, now: datetime) -> UnderWay:
    """Return how far the run is."""
    return UnderWay(
        id=run.id,
        who=run.who,
        why=run.why,
        trigger=TRIGGERS[run.trigger],
        begun_at=run.begun_at,
        seconds=(now - run.begun_at).total_seconds(),
        steps=[step_now(run, name, progress, now) for name in steps],
    )


def step_now(run: Run, name: str, progress: str, now: datetime) -> StepNow:
    """Return how far a step is."""
    what, step = STEPS.get(name, ""), run.steps.get(name)
    if step is None:
        return StepNow(name=name, what=what, state="to come")
    if step.ended_at is not None:
        seconds = (step.ended_at - step.begun_at).total_seconds()
        return StepNow(name=name, what=what, state="done", seconds=seconds)
    says = step.waits_for or progress
    return StepNow(
        name=name,
        what=what,
        state="waits" if step.waits_for else "under way",
        seconds=(now - step.begun_at).total_seconds(),
        says=says,
        share=share_of(says),
        fault=fault_of(step),
    )


def fault_of(step: Step) -> str | None:
    """Return how often a step has failed, and why; it is tried again."""
    if not step.fault:
        return None
    times = "once" if step.failures == 1 else f"{step.failures} times"
    return f"failed {times}: {step.fault}"


def share_of(text: str) -> float | None:
    """Return how much is done by a text such as "420 of 1000" or "canary, 25 %"."""
    if found := OF.search(text):
        done, whole = map(int, found.groups())
        return min(1.0, done / whole) if whole else None
    shares = PERCENT.findall(text)
    return min(1.0, float(shares[-1]) / 100) if shares else None


def ended_run(run: Run) -> Ended:
    """Return what is said of a run that has ended."""
    if run.outcome is None or run.ended_at is None:
        raise ValueError(f"run {run.id} has not ended")
    subject = SUBJECTS[run.outcome]
    collected = run.result("collect") if "collect" in run.steps else {}
    return Ended(
        id=run.id,
        outcome=run.outcome,
        subject=subject[:1].upper() + subject[1:],
        reason=sentence(run.reason),
        who=run.who,
        trigger=TRIGGERS[run.trigger],
        begun_at=run.begun_at,
        seconds=(run.ended_at - run.begun_at).total_seconds(),
        version=collected.get("candidate_version"),
    )


def progress_of(folder: Path, run: Run) -> str:
    """Return the last that a process of the run's present step has said."""
    begun = max((step.begun_at for step in run.steps.values()), default=run.begun_at)
    logs = [path for path in folder.glob("*.log") if path.stat().st_mtime >= begun.timestamp()]
    newest = max(logs, key=lambda path: path.stat().st_mtime, default=None)
    return last_lines(newest) if newest else ""
