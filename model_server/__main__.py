"""Start a model server: read the environment, load the model package, serve."""

import logging
import os
import signal
import sys
from functools import partial

from inference.manifest import BadModelPackage
from model_server.app import create_apps
from model_server.backends import load_backend
from model_server.memory_needs import TooLittleMemory
from model_server.metrics import WorkerMetrics
from model_server.settings import ModelServerSettings
from model_server.worker_pool.zygote import Zygote
from mongodb.settings import WrongAddress, open_store
from service.allocator import keep_freed_memory
from service.app import process_registry
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
        store = open_store(settings)
        registry = process_registry()
        workers = WorkerMetrics(registry, settings.slot)
        load = partial(load_backend, settings, Zygote(), on_worker_lost=workers.count_lost, on_lost=stop)
        apps = create_apps(settings, load, store, registry)
    except TooLittleMemory as error:
        sys.exit(refuse(*error.lines))
    except BadModelPackage as error:
        sys.exit(refuse(f"the model package cannot be served: {error}"))
    except WrongAddress as error:
        sys.exit(refuse(str(error)))
    internal = Listener(apps.internal, settings.internal_host, settings.internal_port)
    serve(apps.public, settings, internal=internal, on_sighup=apps.reloader.on_signal)


def stop() -> None:
    """End, so that whoever supervises this program restarts it."""
    logger.critical("no worker process can be made any more: stopping, to be restarted")
    os.kill(os.getpid(), signal.SIGTERM)


def refuse(*reasons: str) -> int:
    """Log why there is no server, a line for each reason, and return the exit code."""
    for reason in reasons:
        logger.critical(reason)
    return 1


if __name__ == "__main__":
    main()
