"""The local way's addresses: what Compose's service names become on the loopback."""

from collections.abc import Mapping
from dataclasses import dataclass

from local.settings import StackSettings


@dataclass(frozen=True)
class Addresses:
    """Service names of Compose, and nginx's listeners in its container, as addresses of this machine."""

    slots: Mapping[str, str]
    nginx_listeners: Mapping[int, str]
    scraped: Mapping[str, str]


def local_addresses(settings: StackSettings) -> Addresses:
    """Return the addresses for the ports that .env chooses."""
    bind, reach = settings.bind_address, settings.reach
    slots = {"model_server": "127.0.0.1:18000", "model_server_new": "127.0.0.1:18001"}
    return Addresses(
        slots=slots,
        nginx_listeners={
            80: f"{bind}:{settings.http_port}",
            8000: f"{bind}:{settings.model_server_port}",
            8001: f"{bind}:{settings.model_server_new_port}",
            8081: "127.0.0.1:18081",
        },
        scraped={
            **slots,
            "drift_detector_server": f"{reach}:{settings.drift_detector_port}",
            "drift_detector_server_new": f"{reach}:{settings.drift_detector_new_port}",
            "node_exporter": "127.0.0.1:19100",
            "nginx_exporter": "127.0.0.1:19113",
            "localhost:9090": f"{reach}:{settings.prometheus_port}",
        },
    )
