"""Check: is the data set fit to be learnt."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retraining.check import Verdict
from retraining.dataset_checks.inspection import Inspection, inspect
from retraining.dataset_checks.records import Answered, Keys, Records
from retraining.gate.thresholds import Gate
from retraining.learning.work import INSPECTED, Folder
from retraining.runs.folder import Runs
from retraining.runs.run import Outcome, Run
from retraining.runs.running import Done, Ends
from training_data.sides import GOLDEN, HELD_OUT
from training_data.task import Task

Arrays = Mapping[str, NDArray[Any]]
NO_GOLDEN_SET = (
    "There is no golden set, and gate.toml asks for one: `make import FROM=FOLDER GOLDEN=1` takes examples"
    " that no model was trained on."
)
GOLDEN_OUTPUTS = f"{GOLDEN}/outputs"


@dataclass(frozen=True)
class Check:
    """The step."""

    runs: Runs
    gate: Gate

    def __call__(self, run: Run) -> Done | Ends:
        """Go on with a data set that passes."""
        folder = Folder(self.runs.path(run.id))
        if not folder.version.size(GOLDEN) and GOLDEN in sets_of(self.gate, folder.task):
            return Ends(Outcome.DATA_REFUSED, NO_GOLDEN_SET, {"checks": []})
        with np.load(folder.path / INSPECTED) as arrays:
            found = inspection(dict(arrays), folder.task, self.gate)
        result = {"verdict": found.summary.verdict, "checks": [asdict(one) for one in found.checks]}
        if found.summary.verdict is Verdict.PASS:
            return Done(result)
        return Ends(Outcome.DATA_REFUSED, " ".join(found.summary.reasons), result)


def sets_of(gate: Gate, task: Task) -> tuple[str, ...]:
    """Return the sets that the offline gate will demand."""
    return gate.classifier.sets if task.classes else gate.regressor.sets


def inspection(arrays: Arrays, task: Task, gate: Gate) -> Inspection:
    """Return what the checks say of what is new to be learnt."""
    is_classifier = bool(task.classes)
    labels = _of(arrays, "new", "labels", np.zeros(0, np.int64))
    embeddings = _of(arrays, "new", "embeddings", np.zeros((0, 1), np.float32))
    outputs = _of(arrays, "new", "outputs", np.zeros((0, max(1, len(task.classes))), np.float32))
    golden = (
        Answered(arrays[f"{GOLDEN}/labels"], arrays[f"{GOLDEN}/outputs"])
        if GOLDEN_OUTPUTS in arrays
        else None
    )
    return inspect(
        gate.dataset,
        Records(_keys(arrays, "new"), labels if is_classifier else None, embeddings),
        task.classes,
        others={side: _keys(arrays, side) for side in (HELD_OUT, GOLDEN)},
        last=arrays.get("old/embeddings"),
        production=Answered(labels, outputs) if is_classifier else None,
        golden=golden if is_classifier else None,
    )


def _keys(arrays: Arrays, part: str) -> Keys:
    empty = np.zeros(0, np.str_)
    return Keys(_of(arrays, part, "ids", empty).tolist(), _of(arrays, part, "digests", empty).tolist())


def _of(arrays: Arrays, part: str, name: str, without: NDArray[Any]) -> NDArray[Any]:
    return arrays.get(f"{part}/{name}", without)
