"""The addresses of the plain processes: what Compose's service names become on the loopback."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.slots import CANDIDATE, SLOTS, STABLE, detector_of
from stack.settings import StackSettings

# From INNER_PORTS on. Replicas of both slots take turns: the stable slot's are even, the candidate's odd.
SERVING, RELOADING, NGINX_COUNTERS, NGINX_COPIES, NGINX_WAITING = 0, 100, 81, 82, 83
RABBITMQ, RABBITMQ_PARTS, RABBITMQ_METRICS = 672, 673, 692  # its parts have two, one behind the other
KAFKA, STREAM_STATISTICS, STREAM_COLLECTOR = 992, 993, 994
RELEASE = 1090
NODE_EXPORTER, NGINX_EXPORTER, NGINX_LOG_EXPORTER = 1100, 1113, 1114


@dataclass(frozen=True)
class Addresses:
    """Service names of Compose, and nginx's listeners in its container, as addresses of this machine.

    A slot has an address for each of its replicas; so has each name in `scraped`, and none where it is off.
    """

    slots: Mapping[str, tuple[str, ...]]
    nginx_listeners: Mapping[int, str]
    scraped: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Replica:
    """One process that serves a slot; its name is its program's."""

    slot: str
    number: int
    port: int
    internal_port: int

    @property
    def name(self) -> str:
        """Return the slot's name for the first replica, and a numbered one for the others."""
        return self.slot if self.number == 1 else f"{self.slot}_{self.number}"

    @property
    def address(self) -> str:
        """Return where it serves."""
        return f"127.0.0.1:{self.port}"

    @property
    def internal_address(self) -> str:
        """Return where it is told to reload."""
        return f"127.0.0.1:{self.internal_port}"


def local_replicas(settings: StackSettings) -> list[Replica]:
    """Return the processes that serve, as many per slot as .env says."""
    first = settings.inner_ports
    return [
        Replica(slot, number, first + SERVING + offset, first + RELOADING + offset)
        for place, slot in enumerate(SLOTS)
        for number in range(1, settings.replicas[slot] + 1)
        for offset in [(number - 1) * len(SLOTS) + place]
    ]


def local_addresses(settings: StackSettings) -> Addresses:
    """Return the addresses for the ports that .env chooses."""
    bind, reach, first = settings.bind_address, settings.reach, settings.inner_ports
    replicas = local_replicas(settings)
    slots: dict[str, tuple[str, ...]] = {
        slot: tuple(one.address for one in replicas if one.slot == slot) for slot in SLOTS
    }
    return Addresses(
        slots=slots,
        nginx_listeners={
            80: f"{bind}:{settings.http_port}",
            8000: f"{bind}:{settings.model_server_port}",
            8001: f"{bind}:{settings.model_server_new_port}",
            8081: f"127.0.0.1:{first + NGINX_COUNTERS}",
            8082: f"127.0.0.1:{first + NGINX_COPIES}",
            8083: f"127.0.0.1:{first + NGINX_WAITING}",
        },
        scraped={
            **slots,
            detector_of(STABLE): (f"{reach}:{settings.drift_detector_port}",),
            detector_of(CANDIDATE): (f"{reach}:{settings.drift_detector_new_port}",),
            "node_exporter": (f"127.0.0.1:{first + NODE_EXPORTER}",),
            "nginx_exporter": (f"127.0.0.1:{first + NGINX_EXPORTER}",),
            "nginx_log_exporter": (f"127.0.0.1:{first + NGINX_LOG_EXPORTER}",),
            "release": (f"127.0.0.1:{first + RELEASE}",),
            "alertmanager": (f"{reach}:{settings.alertmanager_port}",),
            "localhost:9090": (f"{reach}:{settings.prometheus_port}",),
            "job_server": (f"{reach}:{settings.job_server_port}",) if settings.jobs else (),
            "rabbitmq": (f"127.0.0.1:{first + RABBITMQ_METRICS}",) if settings.jobs else (),
            **_training_addresses(settings),
        },
    )


def _training_addresses(settings: StackSettings) -> dict[str, tuple[str, ...]]:
    ports = {
        "stream_producer": settings.stream_producer_port,
        "retraining": settings.retraining_port,
        "stream_statistics": settings.inner_ports + STREAM_STATISTICS,
        "stream_collector": settings.inner_ports + STREAM_COLLECTOR,
    }
    return {name: (f"127.0.0.1:{port}",) if settings.training else () for name, port in ports.items()}
