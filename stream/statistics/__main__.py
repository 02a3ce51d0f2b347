"""`python -m stream.statistics`: count the features of the training stream."""

from service.logs import configure_logging
from service.run import serve
from service.settings import load_settings
from stream.statistics.app import create_app
from stream.statistics.settings import StatisticsSettings


def main() -> None:
    """Count until told to stop."""
    settings = load_settings(StatisticsSettings)
    configure_logging(settings)
    serve(create_app(settings), settings)


if __name__ == "__main__":
    main()
