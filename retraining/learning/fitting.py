"""Train the candidate, from production's weights or from scratch."""

import csv
import json

import torch
from tqdm import tqdm

from inference.fitting import seed_everything
from inference.package import build_network, read_weights, write_weights
from retraining.learning.candidate import begin_package
from retraining.learning.examples import Examples, load
from retraining.learning.training import steps_of, train
from retraining.learning.work import CURVE, PACKAGE, TRAINING, Folder
from service import durable
from training_data.sides import TRAIN


def fit(folder: Folder) -> None:
    """Write the package's weights and the loss of each step; TRAINING comes last: all is there then."""
    work, manifest, package = folder.work, folder.manifest, folder.path / PACKAGE
    seed_everything(work.hyperparameters.seed)
    network = build_network(work.production, manifest)
    if work.hyperparameters.start == "production":
        network.load_state_dict(read_weights(work.production / manifest.weights))
    examples = load(folder, TRAIN)
    seconds = _train(folder, network, examples)
    state = network.state_dict()
    if not all(torch.isfinite(value).all() for value in state.values()):
        raise SystemExit("the training has led to NaN or infinity: lower learning_rate in training.toml")
    candidate = begin_package(work.production, manifest, package, work.candidate_version)
    weights_sha256 = write_weights(package, candidate, state)
    made = {"seconds": seconds, "examples": len(examples), "weights_sha256": weights_sha256}
    durable.write(folder.path / TRAINING, json.dumps(made).encode())


def _train(folder: Folder, network: torch.nn.Module, examples: Examples) -> float:
    how = folder.work.hyperparameters
    steps = steps_of(examples, how)
    with (folder.path / CURVE).open("w", newline="") as file, tqdm(total=steps, desc="training") as bar:
        curve = csv.writer(file)
        curve.writerow(["step", "loss"])

        def on_step(loss: float) -> None:
            bar.update()
            curve.writerow([bar.n, f"{loss:.6g}"])

        return train(network, examples, folder.manifest, how, on_step)
