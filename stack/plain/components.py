"""What `status` shows and `up` waits for: published components, replicas and exporters, with their probes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from stack.plain.addresses import (
    KAFKA,
    RABBITMQ,
    RABBITMQ_METRICS,
    RABBITMQ_PARTS,
    local_addresses,
    local_replicas,
)
from stack.plain.jobs import BROKER, WORKER
from stack.plain.probes import Probe, http_complaint, kafka_complaint, mongodb_complaint, workers_complaint
from stack.plain.programs import find_grafana
from stack.plain.training import BROKER as KAFKA_BROKER
from stack.plain.training import INNER_STREAM
from stack.ports import Port
from stack.published import DASHBOARDS, JOBS, OPTIONAL, PUBLISHED, TRAINING, Published, published_with
from stack.settings import StackSettings

INNER = "INNER_PORTS"  # moves all of them
# By service; /readyz is ours and nginx's.
READINESS: Mapping[str, str] = {"prometheus": "/-/ready", "alertmanager": "/-/ready"}


@dataclass(frozen=True)
class Component:
    """A component with its URL for people, the program behind it, and its readiness probe."""

    name: str
    url: str
    program: str
    complaint: Probe

    @property
    def state(self) -> str:
        """Return `ready`, or what is the matter."""
        return self.complaint() or "ready"


def components(settings: StackSettings) -> list[Component]:
    """Return the components in the order in which people read them."""
    shown = [_published(one, settings) for one in PUBLISHED]
    release = _http("release", "release", f"http://{local_addresses(settings).scraped['release'][0]}")
    return [
        *shown[:-1],
        *replica_components(settings),
        shown[-1],
        release,
        *_exporters(settings),
        *job_components(settings),
        *training_components(settings),
    ]


def replica_components(settings: StackSettings) -> list[Component]:
    """Return the processes behind a slot that has several: nginx asks one of them, so each is shown."""
    return [
        _http(f"{one.slot}, replica {one.number}", one.name, f"http://{one.address}")
        for one in local_replicas(settings)
        if settings.replicas[one.slot] > 1
    ]


def job_components(settings: StackSettings) -> list[Component]:
    """Return what takes jobs in and answers them, where that is on."""
    if not settings.jobs:
        return []
    metrics = f"http://{local_addresses(settings).scraped['rabbitmq'][0]}/metrics"
    broker = f"amqp://127.0.0.1:{settings.inner_ports + RABBITMQ}/"
    return [
        *(_published(one, settings) for one in OPTIONAL if one.profile == JOBS),
        Component("RabbitMQ", broker, BROKER, partial(http_complaint, metrics)),
        Component("job workers", "-", WORKER, partial(workers_complaint, metrics, settings.workers)),
    ]


def training_components(settings: StackSettings) -> list[Component]:
    """Return the training stream's broker and programs, where that is on."""
    if not settings.training:
        return []
    scraped, port = local_addresses(settings).scraped, settings.inner_ports + KAFKA
    return [
        Component("Kafka", f"127.0.0.1:{port}", KAFKA_BROKER, partial(kafka_complaint, "127.0.0.1", port)),
        *(_published(one, settings) for one in OPTIONAL if one.profile == TRAINING),
        *(_http(name.replace("_", " "), name, f"http://{scraped[name][0]}") for name in INNER_STREAM),
    ]


def ports(settings: StackSettings) -> list[Port]:
    """Return every port that the plain processes listen on."""
    published = [
        Port(settings.port(one.variable), one.name, one.variable, one.address(settings.bind_address))
        for one in published_with(settings.profiles)
    ]
    addresses, replicas = local_addresses(settings), local_replicas(settings)
    inner = {
        addresses.nginx_listeners[8081]: "nginx's counters",
        addresses.scraped["release"][0]: "release",
        addresses.nginx_listeners[8082]: "nginx's copies",
        addresses.nginx_listeners[8083]: "nginx's waiting room",
        addresses.scraped["node_exporter"][0]: "node exporter",
        addresses.scraped["nginx_exporter"][0]: "nginx exporter",
        addresses.scraped["nginx_log_exporter"][0]: "nginx log exporter",
    }
    return [
        *published,
        *(Port(one.port, f"{one.name} behind nginx", INNER) for one in replicas),
        *(Port(one.internal_port, f"{one.name}, reload", INNER) for one in replicas),
        *(Port(int(address.rpartition(":")[2]), name, INNER) for address, name in inner.items()),
        *_rabbitmq_ports(settings),
        *_training_ports(settings),
    ]


def _rabbitmq_ports(settings: StackSettings) -> list[Port]:
    first = settings.inner_ports
    names = {
        RABBITMQ: "RabbitMQ",
        RABBITMQ_PARTS: "RabbitMQ's parts",
        RABBITMQ_PARTS + 1: "RabbitMQ's epmd",
        RABBITMQ_METRICS: "RabbitMQ's metrics",
    }
    return [Port(first + offset, name, INNER) for offset, name in names.items()] if settings.jobs else []


def _training_ports(settings: StackSettings) -> list[Port]:
    if not settings.training:
        return []
    scraped = local_addresses(settings).scraped
    served = {name.replace("_", " "): int(scraped[name][0].rpartition(":")[2]) for name in INNER_STREAM}
    taken = {"Kafka": settings.inner_ports + KAFKA, **served}
    return [Port(port, name, INNER) for name, port in taken.items()]


def _published(one: Published, settings: StackSettings) -> Component:
    port = settings.port(one.variable)
    url = one.url(one.address(settings.bind_address), port)
    if one.service == "mongodb":
        return Component(one.name, f"{url}/", "mongodb", partial(mongodb_complaint, settings.reach, port))
    if one == DASHBOARDS:
        return _http(one.name, "dashboards", url, "/api/health" if find_grafana() else "/healthz")
    return _http(one.name, one.service, url, READINESS.get(one.service, "/readyz"))


def _exporters(settings: StackSettings) -> list[Component]:
    scraped = local_addresses(settings).scraped
    return [
        _http(name.replace("_", " "), name, f"http://{scraped[name][0]}", "/metrics")
        for name in ("node_exporter", "nginx_exporter", "nginx_log_exporter")
    ]


def _http(name: str, program: str, url: str, ready: str = "/readyz") -> Component:
    return Component(name, f"{url}/", program, partial(http_complaint, url + ready))
