"""Start a model server: read the environment, load the model package, serve."""

import logging
import sys

import torch
from pymongo.errors import PyMongoError

from model_server.app import create_app
from model_server.classifier import Classifier
from model_server.manifest import BadModelPackage
from model_server.model_package import load_model_package
from model_server.settings import ModelServerSettings
from mongodb.store import Store
from service.logs import configure_logging
from service.run import serve
from service.settings import load_settings

logger = logging.getLogger(__name__)


def main() -> None:
    """Serve until told to stop; exit 1 with one line if it cannot start."""
    settings = load_settings(ModelServerSettings)
    configure_logging(settings)
    torch.set_num_threads(1)  # requests run side by side; a second thread in each would only get in the way
    try:
        store = Store(settings.mongodb_uri.get_secret_value())
        classifier = Classifier(load_model_package(settings.model_package))
    except BadModelPackage as error:
        logger.critical("the model package cannot be served: %s", error)
        sys.exit(1)
    except PyMongoError as error:
        logger.critical("MONGODB_URI is not an address of MongoDB: %s", error)
        sys.exit(1)
    serve(create_app(settings, classifier, store), settings)


if __name__ == "__main__":
    main()
