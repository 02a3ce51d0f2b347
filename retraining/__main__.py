"""`python -m retraining`: renew the model, run by run."""

import os

from inference.manifest import BadModelPackage, read_manifest
from retraining.app import create_app
from retraining.gate.thresholds import WrongGate, read_gate
from retraining.learning.hyperparameters import WrongTraining, read_hyperparameters
from retraining.settings import RetrainingSettings
from service.logs import configure_logging
from service.run import serve
from service.settings import load_settings
from training_data.task import Task


def main() -> None:
    """Serve until told to stop."""
    settings = load_settings(RetrainingSettings)
    configure_logging(settings)
    try:
        read_hyperparameters(settings.training)
        task = Task.of(read_manifest(settings.model_package))
        app = create_app(settings, task, read_gate(settings.gate), os.environ)
    except (BadModelPackage, WrongGate, WrongTraining) as error:
        raise SystemExit(str(error)) from None
    serve(app, settings)


if __name__ == "__main__":
    main()
