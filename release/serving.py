"""Serving: read the environment, open the channels and the database, run."""

import sys
from collections.abc import Sequence

from mongodb.settings import WrongAddress, open_store
from release.app import create_app
from release.metrics import ReleaseMetrics
from release.notifications.channels import WrongChannel, open_channels
from release.parts import Part
from release.registry.part import RegistryPart
from release.releasing import Releasing
from release.settings import ReleaseSettings
from release.traffic.part import TrafficPart
from service.app import process_registry
from service.logs import configure_logging
from service.run import serve
from service.settings import load_settings


def serve_release() -> None:
    """Serve until told to stop; exit 2 with one line when the program cannot start."""
    settings = load_settings(ReleaseSettings)
    configure_logging(settings)
    try:
        channels = open_channels(settings.notify_urls.get_secret_value())
        store = open_store(settings)
    except (WrongChannel, WrongAddress) as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None
    registry = process_registry()
    outbox = store.outbox([one.name for one in channels])
    releasing = Releasing(settings, store, outbox, ReleaseMetrics(registry, settings.slot))
    parts: Sequence[Part] = [
        releasing,
        TrafficPart(settings, store, releasing, registry),
        RegistryPart(settings, releasing, registry),
    ]
    serve(create_app(settings, store, channels, parts, registry), settings)
