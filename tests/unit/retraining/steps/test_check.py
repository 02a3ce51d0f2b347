"""retraining/steps/check.py: what can never be judged is not trained."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from examples.tabular.data import FOLDER
from retraining.datasets.version import DatasetVersion, ShardSummary
from retraining.gate.thresholds import read_gate
from retraining.learning.hyperparameters import Hyperparameters
from retraining.learning.work import DATASET, INSPECTED, WORK, Work, save_arrays
from retraining.runs.folder import Runs
from retraining.runs.run import Outcome, Run
from retraining.runs.running import Ends
from retraining.steps.check import Check
from training_data.sides import GOLDEN, TRAIN, Side

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def shard(name: str, side: Side) -> ShardSummary:
    return ShardSummary(
        name=name, sha256="a" * 64, counts={side: {"repaid": 1}}, first=NOON, last=NOON, offsets={}
    )


def run_with(runs: Runs, *shards: ShardSummary) -> Run:
    """Return a run whose data set has these shards, of which nothing is known but that they are there."""
    run = runs.begin("asked", "me", "", NOON)
    version = DatasetVersion.of("row", shards, parent=None, created_at=NOON)
    work = Work(
        production=FOLDER / "loans/model",
        repository=runs.folder,
        new_shards=(),
        candidate_version="2",
        code_commit="",
        begun_at=NOON,
        hyperparameters=Hyperparameters(),
    )
    folder = runs.path(run.id)
    (folder / WORK).write_text(work.model_dump_json(), "utf-8")
    (folder / DATASET).write_text(version.model_dump_json(), "utf-8")
    save_arrays(folder / INSPECTED, {"old/ids": np.zeros(0, np.str_)})
    return run


@pytest.mark.parametrize("has_golden", [True, False])
def test_without_a_golden_set_nothing_is_trained(tmp_path: Path, has_golden: bool) -> None:
    """The gate would refuse the candidate after all the work; the reason says how to get one."""
    runs = Runs(tmp_path)
    shards = [shard("inbox-00000001.zip", TRAIN), *([shard("golden-00000002.zip", GOLDEN)] * has_golden)]
    found = Check(runs, read_gate())(run_with(runs, *shards))
    assert isinstance(found, Ends)
    assert found.outcome is Outcome.DATA_REFUSED
    assert ("no golden set" in found.reason) is not has_golden
    assert ("make import" in found.reason) is not has_golden
