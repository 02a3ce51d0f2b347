"""Take examples that are there already: to judge by, or what production was trained on.

    python -m retraining.import_examples FOLDER --golden

A folder has a folder of images for each class; of rows it is a CSV file with the features' columns, and
`label`. It may be done while the retraining program runs, and again: what is there is not taken twice. Where
both are, begin with those to judge by: an image that is among them is not taken to train on.
"""

import csv
import sys
from pathlib import Path
from typing import Annotated

import typer

from inference.manifest import BadModelPackage, read_manifest
from retraining.importing import CannotImport, import_examples
from retraining.settings import RetrainingSettings
from service.settings import load_settings
from training_data.index import BadIndex
from training_data.intake import Intake
from training_data.task import Task

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(help=__doc__)
def main(
    source: Annotated[Path, typer.Argument(help="a folder of images by class; for rows a CSV file")],
    *,
    golden: Annotated[bool, typer.Option("--golden", help="judge by them, and never train on them")] = False,
) -> None:
    """Import into the folder that TRAINING_DATA names, for the model in the stable slot."""
    settings = load_settings(RetrainingSettings)
    try:
        intake = Intake(settings.training_data, Task.of(read_manifest(settings.model_package)))
        intake.prepare()
        taken = import_examples(intake, source, golden=golden)
    except (BadModelPackage, BadIndex, CannotImport, OSError, ValueError, csv.Error) as error:
        sys.exit(f"error: {' '.join(str(error).split())}")
    use = "to judge by" if golden else "to train on, in the next data set"
    print(f"{taken} new examples {use}." if taken else "Nothing new: all of them are here already.")


if __name__ == "__main__":
    app(prog_name="python -m retraining.import_examples")
