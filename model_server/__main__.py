"""Start a model server: read the environment, load the model package, serve."""

import logging
import os
import signal
import sys
from functools import partial

from pymongo.errors import PyMongoError

from inference.backend import InferenceSettings, ServedModel
from inference.manifest import BadModelPackage, read_manifest
from model_server.app import create_apps, worker_count
from model_server.settings import ModelServerSettings
from model_server.worker_pool.pool import Workers
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
        apps = create_apps(settings, partial(load, settings), store)
    except BadModelPackage as error:
        sys.exit(refuse(f"the model package cannot be served: {error}"))
    except PyMongoError as error:
        sys.exit(refuse(f"MONGODB_URI is not an address of MongoDB: {error}"))
    internal = Listener(apps.internal, settings.internal_host, settings.internal_port)
    serve(apps.public, settings, internal=internal, on_hangup=apps.reloader.on_signal)


def load(settings: ModelServerSettings) -> ServedModel:
    """Load what the package's folder holds now, and let it answer a full batch.

    Images are decoded and classified in processes of their own; rows are too small to send them anywhere, and
    a GPU would need its memory once for each process.
    """
    how = InferenceSettings(
        settings.model_package,
        settings.device,
        settings.torch_threads,
        settings.batch_max_size,
        settings.max_image_pixels,
    )
    if read_manifest(how.package).input == "image" and how.device == "cpu":
        return Workers(how, worker_count(settings), stop)
    from inference import torch_backend  # noqa: PLC0415 - with PyTorch, which the workers alone need else

    return torch_backend.load(how)


def stop() -> None:
    """End, so that whoever keeps programs running starts this one anew."""
    logger.critical("a worker process died: stopping, to be started anew")
    os.kill(os.getpid(), signal.SIGTERM)


def refuse(reason: str) -> int:
    """Log why there is no server, and return the exit code."""
    logger.critical(reason)
    return 1


if __name__ == "__main__":
    main()
