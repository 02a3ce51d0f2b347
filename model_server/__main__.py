"""Start a model server: read the environment, load the model package, serve."""

import logging
import sys
from functools import partial

import torch
from pymongo.errors import PyMongoError

from model_server.app import create_apps
from model_server.loaded_model import LoadedModel
from model_server.manifest import BadModelPackage
from model_server.model_package import load_model_package
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
    torch.set_num_threads(settings.torch_threads)
    if settings.device == "cuda" and not torch.cuda.is_available():
        sys.exit(
            refuse("DEVICE=cuda, but PyTorch finds no GPU: see docker-compose.gpu.yml, or say DEVICE=cpu")
        )
    try:
        store = Store(settings.mongodb_uri.get_secret_value())
        apps = create_apps(settings, partial(load, settings), store)
    except BadModelPackage as error:
        sys.exit(refuse(f"the model package cannot be served: {error}"))
    except PyMongoError as error:
        sys.exit(refuse(f"MONGODB_URI is not an address of MongoDB: {error}"))
    internal = Listener(apps.internal, settings.internal_host, settings.internal_port)
    serve(apps.public, settings, internal=internal, on_hangup=apps.reloader.on_signal)


def load(settings: ModelServerSettings) -> LoadedModel:
    """Load what the package's folder holds now, and let it answer a full batch."""
    package = load_model_package(settings.model_package)
    return LoadedModel(package, device=settings.device, warm_batch=settings.batch_max_size)


def refuse(reason: str) -> int:
    """Log why there is no server, and return the exit code."""
    logger.critical(reason)
    return 1


if __name__ == "__main__":
    main()
