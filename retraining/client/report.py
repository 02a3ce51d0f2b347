"""Runs as people read them: in a line, in a table, in full."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from retraining.runs.run import Outcome, Run, Step

STEPS = (
    *("collect", "inspect", "check", "train", "predict", "judge"),
    *("pack", "package", "push", "release", "decide"),
)
IN_A_PROCESS = {"inspect", "train", "predict", "pack"}  # which says how far it is
NONE_YET = "There has been no run. `make retrain` starts one."
NO_MODELS = "No run has made a model yet. `make retrain` starts one."
COLOURS: Mapping[str, str] = {
    "pass": "green",
    "fail": "red",
    "insufficient": "yellow",
    Outcome.PROMOTED: "green",
    Outcome.NOT_PROMOTED: "yellow",
    Outcome.TOO_FEW_RECORDS: "yellow",
    Outcome.STOPPED: "yellow",
    Outcome.GATE_REFUSED: "red",
    Outcome.DATA_REFUSED: "red",
    Outcome.FAILED: "red",
}
BAR = re.compile(r"([^/|:]+):\s+\d+%\|[^|]*\|\s*(\d+)/(\d+)")
BAR_WIDTH, NOTHING = 24, "-"


@dataclass(frozen=True)
class Progress:
    """How far a process is: `done` of so many; of 0 where it is not known."""

    name: str = ""
    done: int = 0
    of: int = 0

    @classmethod
    def read(cls, text: str) -> "Progress":
        """Return what the last bar of a log says."""
        bars = BAR.findall(text)
        return cls(bars[-1][0].strip(), int(bars[-1][1]), int(bars[-1][2])) if bars else cls()


def step_under_way(run: Run) -> str | None:
    """Return the step that has begun and not ended; between two steps there is none."""
    if run.outcome is not None:
        return None
    return next((name for name, step in run.steps.items() if step.ended_at is None), None)


def found_out(name: str, step: Step) -> str:
    """Say in a line what a step that is done has found out."""
    result = step.result or {}
    tell = FOUND_OUT.get(name)
    try:
        return tell(result) if tell else ""
    except (KeyError, AttributeError):  # it has ended the run, and has found out nothing
        return ""


def _collected(result: Mapping[str, Any]) -> str:
    sizes = {side: sum(labels.values()) for side, labels in result["records"].items()}
    sides = ", ".join(f"{count} {side}" for side, count in sizes.items())
    return f"data set {result['dataset']} ({sides}), candidate {result['candidate_version']}"


FOUND_OUT: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "collect": _collected,
    "check": lambda result: str(result["verdict"]),
    "judge": lambda result: f"{result['verdict']}: {quality(result['metrics'])}",
    "package": lambda result: f"{result['model']} {result['version']}, {result['package'][:12]}",
    "push": lambda result: str(result["tag"]),
    "release": lambda result: f"release {result['release']} by the plan {result['plan']}",
}


def quality(metrics: Mapping[str, Any]) -> str:
    """Say how good production and the candidate are, on each set."""
    before, after = metrics["production"], metrics["candidate"]
    return ", ".join(f"{side} {_number(before[side])} -> {_number(after[side])}" for side in after)


def _number(numbers: Mapping[str, float]) -> str:
    return f"{numbers['accuracy']:.1%}" if "accuracy" in numbers else f"RMSE {numbers['rmse']:.4g}"


def step_line(name: str, step: Step) -> str:
    """Say in a line how far a step is."""
    if step.ended_at is not None:
        seconds = (step.ended_at - step.begun_at).total_seconds()
        found = found_out(name, step)
        return f"{name}: done after {seconds:.0f} s" + (f": {found}" if found else "")
    if step.waits_for:
        return f"{name}: waits: {step.waits_for}"
    if step.failures:
        return f"{name}: failed {step.failures} times, is tried again: {step.fault}"
    return f"{name}: under way"


def end_line(run: Run) -> str:
    """Say in a line how a run has ended."""
    return f"{words(run.outcome)}: {run.reason}" if run.outcome else f"run {run.id} goes on"


def words(outcome: Outcome | None) -> str:
    """Return an outcome in words."""
    return outcome.replace("_", " ") if outcome else "under way"


def watched(run: Run, progress: Progress, now: datetime, fault: str = "") -> RenderableType:
    """Show a run as it goes on: each step, and how far the one under way is."""
    table = Table.grid(padding=(0, 2))
    under_way = step_under_way(run)
    for name in STEPS:
        step = run.steps.get(name)
        if step is None:
            table.add_row("", Text(name, style="dim"), "", "")
            continue
        if name != under_way:
            mark: RenderableType = Text("✓", style="green")
            seconds = ((step.ended_at or now) - step.begun_at).total_seconds()
            table.add_row(mark, Text(name), Text(f"{seconds:.0f} s"), Text(plain(found_out(name, step))))
            continue
        seconds = (now - step.begun_at).total_seconds()
        table.add_row(
            Spinner("dots"), Text(name, style="bold"), Text(f"{seconds:.0f} s"), _doing(name, step, progress)
        )
    parts: list[RenderableType] = [Text(plain(f"Run {run.id}, {begun_by(run)}")), table]
    if fault:
        parts.append(Text(plain(fault), style="yellow"))
    return Group(*parts)


def _doing(name: str, step: Step, progress: Progress) -> RenderableType:
    if name in IN_A_PROCESS and progress.of:
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            Text(plain(progress.name)),
            ProgressBar(progress.of, progress.done, width=BAR_WIDTH),
            Text(f"{progress.done}/{progress.of}"),
        )
        return bar
    return Text(plain(step_line(name, step).removeprefix(f"{name}: ")))


def begun_by(run: Run) -> str:
    """Say who began a run, and why."""
    return f"begun by {run.who} ({run.trigger})" + (f": {run.why}" if run.why else "")


def listed(runs: Sequence[Run]) -> RenderableType:
    """Show runs in a table, as they come."""
    if not runs:
        return Text(NONE_YET)
    table = _table("run", "begun by", "took", "data set", "candidate", "outcome", "why")
    for run in runs:
        collected = run.steps["collect"].result or {} if "collect" in run.steps else {}
        took = f"{(run.ended_at - run.begun_at).total_seconds() / 60:.1f} min" if run.ended_at else NOTHING
        outcome = Text(words(run.outcome), style=COLOURS.get(run.outcome or "", ""))
        under_way = step_under_way(run)
        why = run.reason if run.outcome else step_line(under_way, run.steps[under_way]) if under_way else ""
        dataset, version = (str(collected.get(one, NOTHING)) for one in ("dataset", "candidate_version"))
        cells = (f"{run.who} ({run.trigger})", took, dataset, version)
        table.add_row(run.id, *(Text(plain(cell)) for cell in cells), outcome, Text(plain(why)))
    return table


def shown(run: Run) -> RenderableType:
    """Show a run in full: its steps, how good the models are, what each check said."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_row("run", run.id)
    facts.add_row("begun", Text(plain(f"{when(run.begun_at)} UTC, {begun_by(run)}")))
    style = COLOURS.get(run.outcome or "", "")
    facts.add_row("outcome", Text(words(run.outcome), style=style))
    if run.reason:
        facts.add_row("why", Text(plain(run.reason)))
    steps = _table("step", "how far")
    for name, step in run.steps.items():
        steps.add_row(name, Text(plain(step_line(name, step).removeprefix(f"{name}: "))))
    parts: list[RenderableType] = [facts, Text(""), steps]
    for name, title in (("check", "the data set"), ("judge", "the offline gate")):
        if (
            checks := (run.steps[name].result or {}).get("checks") if name in run.steps else None
        ) is not None:
            table = _table(title, "set", "verdict", "why")
            for one in checks:
                verdict = Text(one["verdict"], style=COLOURS.get(one["verdict"], ""))
                table.add_row(one["name"], one["set"], verdict, Text(plain(one["why"])))
            parts += [Text(""), table]
    return Group(*parts)


def models_shown(runs: Sequence[Run]) -> RenderableType:
    """Show the models that runs have made, as they come."""
    made = [run for run in runs if "package" in run.steps and run.steps["package"].result]
    if not made:
        return Text(NO_MODELS)
    table = _table("model", "version", "checksum", "run", "data set", "production -> candidate", "outcome")
    for run in made:
        package, collected, judged = (run.result(name) for name in ("package", "collect", "judge"))
        outcome = Text(words(run.outcome), style=COLOURS.get(run.outcome or "", ""))
        cells = (package["model"], package["version"], package["package"][:12], run.id)
        table.add_row(
            *(Text(plain(cell)) for cell in cells),
            str(collected["dataset"]),
            Text(quality(judged["metrics"])),
            outcome,
        )
    return table


def when(at: datetime) -> str:
    """Return a time to the second, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=column in {"run", "checksum", "step", "verdict", "version"})
    return table


def plain(text: str) -> str:
    """Return text that does nothing to a terminal, whoever wrote it."""
    return "".join(one if one.isprintable() else "?" for one in text)
