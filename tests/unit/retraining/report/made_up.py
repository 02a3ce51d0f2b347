"""Made-up runs: documents as the program writes them, and what lies in their folders."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.manifest import read_manifest
from retraining.datasets.version import DatasetVersion, ShardSummary
from retraining.gate.thresholds import read_gate
from retraining.learning.hyperparameters import Hyperparameters
from retraining.learning.work import CURVE, DATASET, INSPECTED, PREDICTIONS, TRAINING, WORK, Work, save_arrays
from retraining.runs.folder import RUN_FILE
from retraining.runs.run import Outcome, Run, Step
from retraining.steps.check import inspection
from retraining.steps.judge import judgement, metrics
from service import durable
from tests.colour_model import COLOURS, colour_image
from training_data.record import Record
from training_data.shard import write_shard
from training_data.sides import GOLDEN, HELD_OUT, SIDES, TRAIN, side_of
from training_data.task import Task

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
HOSTILE = "<img src=//elsewhere.example onerror=alert(1)>\"'&{{7*7}}"
ORDER = ("collect", "inspect", "check", "train", "predict", "judge", "pack", "package", "push", "release")
SHA256 = "b" * 64


def run_of(
    outcome: Outcome | None, reason: str = "", *, until: str = "decide", number: int = 0, **results: Any
) -> Run:
    """Return a run whose steps are done up to one, with what they have found out."""
    begun = NOON + timedelta(hours=number)
    done = (*ORDER, "decide")[: (*ORDER, "decide").index(until) + 1]
    steps = {
        name: Step(
            begun_at=begun + timedelta(seconds=30 * place),
            ended_at=begun + timedelta(seconds=30 * (place + 1)),
            result=results.get(name, {}),
        )
        for place, name in enumerate(done)
    }
    ended = begun + timedelta(seconds=30 * len(done))
    return Run(
        id=f"{begun:%Y%m%dT%H%M%SZ}",
        trigger="drift",
        who="the alerts",
        why="both slots drift",
        begun_at=begun,
        steps=steps,
        outcome=outcome,
        reason=reason,
        ended_at=ended if outcome else None,
        told=outcome is not None,
    )


@dataclass(frozen=True, eq=False)
class Made:
    """Records that a run has seen, and what both models say of them."""

    task: Task
    records: Mapping[str, list[Record]]
    predictions: dict[str, NDArray[Any]]
    inspected: dict[str, NDArray[Any]]


def made(task: Task, wrong: tuple[int, int] = (9, 3)) -> Made:
    """Make them up; of each set the first `wrong` are those that production and the candidate get wrong."""
    random = np.random.default_rng(1)
    records = {GOLDEN: _records(task, GOLDEN, 120), "new": _records(task, "new", 700)}
    sides = {
        GOLDEN: records[GOLDEN],
        HELD_OUT: [one for one in records["new"] if side_of(one.id) == HELD_OUT],
    }
    predictions: dict[str, NDArray[Any]] = {
        f"seconds/{name}": 0.001 + random.random(15) / 1e4 for name in ("production", "candidate")
    }
    inspected: dict[str, NDArray[Any]] = {}
    for side, those in sides.items():
        labels = _labels(task, those)
        predictions |= {f"{side}/ids": np.asarray([one.id for one in those]), f"{side}/labels": labels}
        for place, name in enumerate(("production", "candidate")):
            outputs = _outputs(task, labels, wrong[place], place, random)
            predictions[f"{side}/{name}"] = outputs
    learnt = [one for one in records["new"] if side_of(one.id) == TRAIN]
    for part, those in {"new": learnt, "old": learnt[:200], **sides}.items():
        name = "older" if part == "old" else "same"
        inspected |= {
            f"{part}/ids": np.asarray([f"{name}-{one.id}" for one in those]),
            f"{part}/digests": np.asarray([f"{name}-{one.digest}" for one in those]),
            f"{part}/labels": _labels(task, those),
            f"{part}/outputs": _outputs(task, _labels(task, those), 5, 0, random),
            f"{part}/embeddings": _embeddings(task, those, random) + (0.0 if part == "old" else 0.5),
        }
    return Made(task, records, predictions, inspected)


def _records(task: Task, kind: str, count: int) -> list[Record]:
    random = np.random.default_rng(len(kind))
    made_up = []
    for number in range(count):
        values = tuple(random.normal(size=len(task.features)).tolist())
        label = task.classes[number % len(task.classes)] if task.classes else repr(sum(values))
        content = b""
        if task.kind == "image":
            content = colour_image(tuple(COLOURS)[number % 3])
        made_up.append(
            Record(
                id=f"{kind}-{number}",
                label=label,
                recorded_at=NOON - timedelta(hours=1, seconds=-number),
                digest=f"{kind}-{number}",
                source="training-data/0",
                position=number,
                content=content,
                content_type="image/png" if content else "",
                values=values,
            )
        )
    return made_up


def _labels(task: Task, records: list[Record]) -> NDArray[Any]:
    if task.classes:
        return np.asarray([task.classes.index(one.label) for one in records], np.int64)
    return np.asarray([float(one.label) for one in records], np.float32)


def _outputs(
    task: Task, labels: NDArray[Any], wrong: int, shift: int, random: np.random.Generator
) -> NDArray[np.float32]:
    if not task.classes:
        noise = random.normal(scale=0.5 / (1 + shift), size=len(labels))
        return np.asarray((labels + noise)[:, None], np.float32)
    width = len(task.classes)
    answers = labels.copy()
    start = 10 * shift  # so that each model has mistakes of its own
    answers[start : start + wrong] = (answers[start : start + wrong] + 1) % width
    sure = random.uniform(0.6, 0.99, size=len(labels))
    outputs = np.tile(((1 - sure) / (width - 1))[:, None], (1, width))
    outputs[np.arange(len(labels)), answers] = sure
    return outputs.astype(np.float32)


def _embeddings(task: Task, records: list[Record], random: np.random.Generator) -> NDArray[np.float32]:
    if task.features:
        return np.asarray([one.values for one in records], np.float32)
    corners = np.eye(8)[_labels(task, records) % 8] * 6
    return np.asarray(corners + random.normal(size=(len(records), 8)), np.float32)


def judge_result(of: Made) -> dict[str, Any]:
    """Return what the step judge says of the made-up predictions."""
    found = judgement(of.predictions, of.task, read_gate())
    return {
        "metrics": {name: metrics(of.predictions, of.task, name) for name in ("production", "candidate")},
        "verdict": found.verdict,
        "checks": [asdict(one) for one in found.checks],
        "confusions": [asdict(one) for one in found.confusions],
        "new_mistakes": [asdict(one) for one in found.new_mistakes],
    }


def check_result(of: Made) -> dict[str, Any]:
    """Return what the step check says of the made-up data."""
    found = inspection(of.inspected, of.task, read_gate())
    return {"verdict": found.summary.verdict, "checks": [asdict(one) for one in found.checks]}


def dataset_of(of: Made) -> DatasetVersion:
    """Return the version of the data set that has them."""
    shards = [
        ShardSummary.of(name, SHA256, records, classes=of.task.classes)
        for name, records in (
            ("golden-00000001.zip", of.records[GOLDEN]),
            ("inbox-00000002.zip", of.records["new"][:300]),
            ("inbox-00000003.zip", of.records["new"][300:]),
        )
    ]
    parent = DatasetVersion.of(of.task.key, shards[:2], parent=None, created_at=NOON - timedelta(days=2))
    return DatasetVersion.of(of.task.key, shards, parent=parent, created_at=NOON)


def collect_result(of: Made) -> dict[str, Any]:
    """Return what the step collect says."""
    version = dataset_of(of)
    return {
        "dataset": version.number,
        "production": "a" * 64,
        "candidate_version": "2",
        "records": {side: dict(version.counts(side)) for side in SIDES},
    }


def whole_run(of: Made, outcome: Outcome = Outcome.PROMOTED, reason: str = "no gate failed") -> Run:
    """Return a run that went to its end."""
    return run_of(
        outcome,
        reason,
        collect=collect_result(of),
        check=check_result(of),
        judge=judge_result(of),
        package={"package": "c" * 64, "model": "colour", "version": "2"},
        push={"revision": "d" * 40, "tag": "model-2"},
        release={"release": "r7", "plan": "default"},
        decide={"phase": "promoted", "decision": "promote"},
    )


def write_run(runs: Path, run: Run, of: Made | None = None, package: Path | None = None) -> Path:
    """Write a run's folder, as far as it came; `package` is production's."""
    folder = runs / run.id
    durable.make_folder(folder)
    durable.write(folder / RUN_FILE, run.model_dump_json().encode())
    if of is None or package is None:
        return folder
    version, repository = dataset_of(of), runs.parent / "repository"
    for name, records in (
        ("golden/golden-00000001.zip", of.records[GOLDEN]),
        ("shards/inbox-00000002.zip", of.records["new"][:300]),
        ("shards/inbox-00000003.zip", of.records["new"][300:]),
    ):
        durable.make_folder((repository / name).parent)
        write_shard(repository / name, records, of.task)
    work = Work(
        production=package,
        repository=repository,
        new_shards=("inbox-00000003.zip",),
        candidate_version="2",
        code_commit="",
        begun_at=run.begun_at,
        hyperparameters=Hyperparameters(),
    )
    durable.write(folder / DATASET, version.model_dump_json().encode())
    durable.write(folder / WORK, work.model_dump_json().encode())
    if "inspect" in run.steps:
        save_arrays(folder / INSPECTED, of.inspected)
    if "train" in run.steps:
        losses = [f"{step},{1 / step:.6g}" for step in range(1, 200)]
        durable.write(folder / CURVE, "\n".join(["step,loss", *losses, "200,"]).encode())
        made_of = f'{{"seconds": 12.5, "examples": 640, "weights_sha256": "{SHA256}"}}'
        durable.write(folder / TRAINING, made_of.encode())
    if "predict" in run.steps:
        save_arrays(folder / PREDICTIONS, of.predictions)
    return folder


def task_of(package: Path) -> Task:
    """Return what the model of a package learns."""
    return Task.of(read_manifest(package))
