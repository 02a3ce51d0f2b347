"""What the check of a data set needs to know: what production's model says of it, and its embeddings."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retraining.learning.examples import load
from retraining.learning.prediction import answer, load_model
from retraining.learning.work import INSPECTED, Folder, save_arrays
from training_data.sides import GOLDEN, HELD_OUT, TRAIN, Side

PARTS: dict[str, tuple[Side, bool | None]] = {
    "new": (TRAIN, True),
    "old": (TRAIN, False),
    HELD_OUT: (HELD_OUT, None),
    GOLDEN: (GOLDEN, None),
}


def inspect(folder: Folder) -> None:
    """Write ids, digests, labels, outputs and embeddings of each part: what is new to learn, what is not."""
    model = load_model(folder.work.production)
    found: dict[str, NDArray[Any]] = {}
    for part, (side, new) in PARTS.items():
        examples = load(folder, side, new=new)
        if not len(examples):
            continue
        said = answer(model, examples)
        found |= {
            f"{part}/ids": np.asarray(examples.ids),
            f"{part}/digests": np.asarray(examples.digests),
            f"{part}/labels": examples.labels,
            f"{part}/outputs": said.outputs,
            f"{part}/embeddings": said.embeddings,
        }
    save_arrays(folder.path / INSPECTED, found)
