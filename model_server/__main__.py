"""Start a model server: read the environment, load the model package, serve."""

import logging
import os
import signal
import sys
from functools import partial

from pymongo.errors import PyMongoError

from inference.manifest import BadModelPackage
from model_server.app import create_apps
from model_server.backends import load_backend
from model_server.settings import ModelServerSettings
from mongodb.store import Store
from service.allocator import keep_freed_memory
from service.logs import configure_logging
from service.run import Listener, serve
from service.settings import load_settings

logger = logging.getLogger(__name__)


def main() -> None:
    """Serve until told to stop; exit 1 with one line if it cannot start."""
    settings = load_settings(ModelServerSettings)
    configure_logging(settings)
    keep_freed_memory()
    try:
        store = Store(settings.mongodb_uri.get_secret_value())
        apps = create_apps(settings, partial(load_backend, settings, stop), store)
    except BadModelPackage as error:
        sys.exit(refuse(f"the model package cannot be served: {error}"))
    except PyMongoError as error:
        sys.exit(refuse(f"MONGODB_URI is not an address of MongoDB: {error}"))
    internal = Listener(apps.internal, settings.internal_host, settings.internal_port)
    serve(apps.public, settings, internal=internal, on_sighup=apps.reloader.on_signal)


def stop() -> None:
    """End, so that whoever supervises this program restarts it."""
    logger.critical("a worker process died: stopping, to be restarted")
    os.kill(os.getpid(), signal.SIGTERM)


def refuse(reason: str) -> int:
    """Log why there is no server, and return the exit code."""
    logger.critical(reason)
    return 1


if __name__ == "__main__":
    main()
