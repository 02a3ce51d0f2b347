"""`python -m job_server`: the server that takes jobs in; the workers are `python -m job_server.worker`."""

from job_server.app import create_app
from job_server.broker import Broker, create_celery
from job_server.settings import JobServerSettings
from mongodb.settings import WrongAddress, open_store
from service.logs import configure_logging
from service.run import serve
from service.settings import load_settings


def main() -> None:
    """Serve until told to stop."""
    settings = load_settings(JobServerSettings)
    configure_logging(settings)
    try:
        store = open_store(settings)
    except WrongAddress as error:
        raise SystemExit(str(error)) from None
    broker = Broker(create_celery(settings.rabbitmq_uri.get_secret_value(), settings.rabbitmq_queue))
    serve(create_app(settings, store, broker), settings)


if __name__ == "__main__":
    main()
