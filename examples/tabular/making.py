"""Make an example: train it on its rows, write its model package with its reference."""

from pathlib import Path

from examples.fruit.making import write_weights
from examples.fruit.training import seed_everything
from examples.tabular.data import FOLDER, Data, Part, draw
from examples.tabular.training import RECIPES, quality, train
from inference.checksum import write_checksum
from inference.loaded_model import LoadedModel
from inference.manifest import read_manifest
from inference.package import build_network, load_model_package
from inference.reference import write_reference

ROWS = {Part.TRAINING: 4000, Part.TEST: 2000, Part.REFERENCE: 1000}


class TooWeak(Exception):
    """The model is not good enough; nothing was written."""


def make(name: str, output: Path) -> str:
    """Write the example's package to `output`; return a line that says how good it is.

    Raises:
        TooWeak: its quality on held-out rows is below the recipe's.
        OSError: the folder cannot be written to.
    """
    template, package, recipe = FOLDER / name / "model", output / "model", RECIPES[name]
    training, test, reference = (draw(name, part, count) for part, count in ROWS.items())
    manifest = read_manifest(template)
    seed_everything()
    network = build_network(template, manifest)
    train(network, training, recipe.learning_rate, name)
    measure, value = quality(network, test)
    if value < recipe.least_quality:
        raise TooWeak(f"{name} has {measure} {value:.4f}; below {recipe.least_quality} nothing is written")
    copy_template(template, package, training)
    write_weights(network, package / manifest.weights)
    weights_sha256 = write_checksum(package / manifest.weights, package / manifest.sha256)
    # Held-out rows, as for images. Raw rows do not pass the network, so the training's would do here; but
    # training data are often cleaned or balanced, and what was held out looks like what will come.
    write_reference(package, manifest, weights_sha256, reference.rows)
    LoadedModel(load_model_package(package))  # it can be served
    return f"{name}: {measure} {value:.4f} on {len(test.rows)} held-out rows"


def copy_template(template: Path, package: Path, training: Data) -> None:
    """Copy network.py and model.toml; the latter gets the training rows' mean and standard deviation."""
    package.mkdir(parents=True, exist_ok=True)
    (package / "network.py").write_text((template / "network.py").read_text("utf-8"), "utf-8")
    text = (template / "model.toml").read_text("utf-8")
    moments = {"mean": training.rows.mean(axis=0), "std": training.rows.std(axis=0)}
    lines = [f"{name} = {[float(f'{value:.6g}') for value in values]}" for name, values in moments.items()]
    comment = "# of the training data; the dashboards compare with them, nothing is scaled with them"
    (package / "model.toml").write_text("\n".join([text.rstrip("\n"), comment, *lines, ""]), "utf-8")
