"""Build an example: train it on its rows, write its model package with its reference."""

from pathlib import Path

from examples.package import add_reference
from examples.tabular.data import FOLDER, Data, Subset, draw
from examples.tabular.train import CONFIGS, quality, train
from examples.training import SEED
from inference.fitting import seed_everything
from inference.manifest import read_manifest
from inference.package import build_network, write_weights

ROWS = {Subset.TRAIN: 4000, Subset.TEST: 2000, Subset.REFERENCE: 1000}


class TooWeak(Exception):
    """The model is not good enough; nothing was written."""


def build(name: str, output: Path) -> str:
    """Write the example's package to `output`; return a line that says how good it is.

    Raises:
        TooWeak: its quality on held-out rows is below the configuration's minimum.
        OSError: the folder cannot be written to.
    """
    template, package, config = FOLDER / name / "model", output / "model", CONFIGS[name]
    training, test, reference = (draw(name, subset, count) for subset, count in ROWS.items())
    manifest = read_manifest(template)
    seed_everything(SEED)
    network = build_network(template, manifest)
    train(network, training, config, name)
    measure, value = quality(network, test)
    if value < config.minimum_quality:
        raise TooWeak(f"{name} has {measure} {value:.4f}; below {config.minimum_quality} nothing is written")
    copy_template(template, package, training)
    write_weights(package, manifest, network.state_dict())
    # Held-out rows, as for images. Raw rows do not pass the network, so the training's would do here; but
    # training data are often cleaned or balanced, and what was held out looks like what will come.
    add_reference(package, lambda _: reference.rows)
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
