"""Judge: the offline gate, on what both models say of what neither was trained on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retraining.check import Verdict
from retraining.gate.calibration import calibration_error
from retraining.gate.evidence import Answers, Latencies, Values
from retraining.gate.judgement import Judgement, judge_classifier, judge_regressor
from retraining.gate.thresholds import Gate
from retraining.learning.work import JUDGED, PREDICTIONS, Folder
from retraining.runs.folder import Runs
from retraining.runs.run import Outcome, Run
from retraining.runs.running import Done, Ends
from training_data.task import Task

Arrays = Mapping[str, NDArray[Any]]
MODELS = ("production", "candidate")


@dataclass(frozen=True)
class Judge:
    """The step."""

    runs: Runs
    gate: Gate

    def __call__(self, run: Run) -> Done | Ends:
        """Go on with a candidate that passes."""
        folder = Folder(self.runs.path(run.id))
        with np.load(folder.path / PREDICTIONS) as file:
            arrays = dict(file)
        found = judgement(arrays, folder.task, self.gate)
        result = {
            "metrics": {name: metrics(arrays, folder.task, name) for name in MODELS},
            "verdict": found.verdict,
            "checks": [asdict(one) for one in found.checks],
            "confusions": [asdict(one) for one in found.confusions],
            "new_mistakes": [asdict(one) for one in found.new_mistakes],
        }
        if found.verdict is Verdict.PASS:
            return Done(result)
        return Ends(Outcome.GATE_REFUSED, " ".join(found.reasons), result)


def judgement(arrays: Arrays, task: Task, gate: Gate) -> Judgement:
    """Return what the gate says."""
    seconds = Latencies(arrays["seconds/production"], arrays["seconds/candidate"])
    sides = [side for side in JUDGED if f"{side}/ids" in arrays]
    if task.classes:
        answers = [Answers(side, _ids(arrays, side), *_three(arrays, side)) for side in sides]
        return judge_classifier(gate.classifier, answers, seconds, task.classes)
    values = [
        Values(side, _ids(arrays, side), *(one.reshape(-1) for one in _three(arrays, side))) for side in sides
    ]
    return judge_regressor(gate.regressor, values, seconds)


def metrics(arrays: Arrays, task: Task, model: str) -> dict[str, dict[str, float]]:
    """Return how good a model is on each set: `n`, and `accuracy` and `ece`, or `rmse`."""
    found: dict[str, dict[str, float]] = {}
    for side in JUDGED:
        if f"{side}/{model}" not in arrays:
            continue
        labels, outputs = arrays[f"{side}/labels"], arrays[f"{side}/{model}"]
        if task.classes:
            right = outputs.argmax(axis=1) == labels
            _, error = calibration_error(outputs.max(axis=1), right)
            found[side] = {"n": len(labels), "accuracy": float(right.mean()), "ece": error}
        else:
            off = outputs[:, 0] - labels
            found[side] = {"n": len(labels), "rmse": float(np.sqrt(np.mean(off * off)))}
    return found


def _ids(arrays: Arrays, side: str) -> list[str]:
    ids: list[str] = arrays[f"{side}/ids"].tolist()
    return ids


def _three(arrays: Arrays, side: str) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    return arrays[f"{side}/labels"], arrays[f"{side}/production"], arrays[f"{side}/candidate"]
