"""Write an example's `sample.csv`: rows with their labels, to be handed in as a job."""

import argparse
import csv
import io

from examples.tabular import NAMES
from examples.tabular.data import FOLDER, Subset, draw
from inference.manifest import read_manifest

COUNT = 200


def sample(name: str) -> str:
    """Return the table: a column for each feature, and the label last."""
    data = draw(name, Subset.TRAFFIC, COUNT)
    manifest = read_manifest(FOLDER / name / "model")
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow([*manifest.tensor_input.features, "label"])
    for row, target in zip(data.rows, data.targets, strict=True):
        label = manifest.classes[int(target)] if manifest.classes else f"{target:.6g}"
        writer.writerow([*(f"{value:.6g}" for value in row), label])
    return table.getvalue()


def main() -> None:
    """Write the file beside the example's other files."""
    parser = argparse.ArgumentParser(prog="python -m examples.tabular.sample", description=__doc__)
    parser.add_argument("example", choices=NAMES)
    name = parser.parse_args().example
    (FOLDER / name / "sample.csv").write_text(sample(name), "utf-8")


if __name__ == "__main__":
    main()
