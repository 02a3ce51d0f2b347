"""`python -m stream.collector`: keep the good records of the training stream, each once."""

from inference.manifest import BadModelPackage, read_manifest
from service.logs import configure_logging
from service.run import serve
from service.settings import load_settings
from stream.collector.app import create_app
from stream.collector.rows import BadBounds
from stream.collector.settings import CollectorSettings
from training_data.task import Task


def main() -> None:
    """Collect until told to stop."""
    settings = load_settings(CollectorSettings)
    configure_logging(settings)
    try:
        task = Task.of(read_manifest(settings.model_package))
        app = create_app(settings, task)
    except (BadModelPackage, BadBounds) as error:
        raise SystemExit(str(error)) from None
    serve(app, settings)


if __name__ == "__main__":
    main()
