"""The worlds of rows: loans, which with drift an inflation changes, and the regressor's line, which turns."""

import json

import numpy as np

from examples.tabular.data import FOLDER, draw_with
from examples.world import LabelledExample
from inference.manifest import read_manifest


class RowWorld:
    """Draws an example's rows: without drift such as its model was trained on."""

    def __init__(self, name: str) -> None:
        manifest = read_manifest(FOLDER / name / "model")
        self.name = name
        self.classes = manifest.classes
        self.features = manifest.tensor_input.features

    def draw(self, rng: np.random.Generator, drift: float) -> LabelledExample:
        """Return a row as a JSON object, a number for each feature."""
        data = draw_with(self.name, rng, 1, drift)
        target = data.targets[0].item()
        label = self.classes[target] if self.classes else f"{target:.6g}"
        row = {name: float(f"{value:.6g}") for name, value in zip(self.features, data.rows[0], strict=True)}
        return LabelledExample("application/json", json.dumps(row).encode(), label)
