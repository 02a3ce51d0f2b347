"""What the offline gate needs to know: what both models say of what neither was trained on, and how fast."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retraining.learning.examples import load
from retraining.learning.prediction import answer, load_model, seconds_per_input
from retraining.learning.work import JUDGED, PACKAGE, PREDICTIONS, Folder, save_arrays


def predict(folder: Folder) -> None:
    """Write ids, labels and both models' outputs of each set, and the seconds they took."""
    models = {
        "production": load_model(folder.work.production),
        "candidate": load_model(folder.path / PACKAGE),
    }
    found: dict[str, NDArray[Any]] = {}
    for side in JUDGED:
        if not folder.version.size(side):
            continue
        examples = load(folder, side)
        found |= {f"{side}/ids": np.asarray(examples.ids), f"{side}/labels": examples.labels}
        for name, model in models.items():
            found[f"{side}/{name}"] = answer(model, examples).outputs
        for name, seconds in seconds_per_input(models, examples).items():
            found[f"seconds/{name}"] = seconds
    save_arrays(folder.path / PREDICTIONS, found)
