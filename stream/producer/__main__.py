"""`python -m stream.producer`: plays the world, as `PUT /world` says."""

from service.logs import configure_logging
from service.run import serve
from service.settings import load_settings
from stream.producer.app import create_app
from stream.producer.settings import ProducerSettings


def main() -> None:
    """Serve until told to stop."""
    settings = load_settings(ProducerSettings)
    configure_logging(settings)
    serve(create_app(settings), settings)


if __name__ == "__main__":
    main()
