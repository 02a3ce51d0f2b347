"""The parts that a person knows the stack by: what each is called, where it is, and whether it is ready."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from service.slots import CANDIDATE, STABLE, detector_of
from stack.plain.addresses import local_replicas
from stack.ports import Port
from stack.probes import http_complaint, mongodb_complaint
from stack.settings import StackSettings


@dataclass(frozen=True)
class Part:
    """A part with its address for people, the program behind it, and its readiness probe."""

    name: str
    url: str
    program: str
    complaint: Callable[[], str | None]

    @property
    def state(self) -> str:
        """Return `ready`, or what is the matter."""
        return self.complaint() or "ready"


def http_part(name: str, program: str, base: str, ready: str = "/readyz") -> Part:
    """Return a part whose readiness is a URL below its address."""
    return Part(name, f"{base}/", program, partial(http_complaint, base + ready))


def published_parts(settings: StackSettings) -> list[Part]:
    """Return the parts with a port on the host, in both ways of running."""
    host = settings.reach

    def at(port: int) -> str:
        return f"http://{host}" if port == 80 else f"http://{host}:{port}"

    stable, candidate = at(settings.model_server_port), at(settings.model_server_new_port)
    of_stable, of_candidate = at(settings.drift_detector_port), at(settings.drift_detector_new_port)
    mongodb = f"mongodb://{host}:{settings.mongodb_port}/"
    return [
        Part("MongoDB", mongodb, "mongodb", partial(mongodb_complaint, host, settings.mongodb_port)),
        http_part(f"slot {STABLE}", STABLE, stable),
        http_part(f"slot {CANDIDATE}", CANDIDATE, candidate),
        http_part(f"drift of {STABLE}", detector_of(STABLE), of_stable),
        http_part(f"drift of {CANDIDATE}", detector_of(CANDIDATE), of_candidate),
        http_part("upload page, predictions", "nginx", at(settings.http_port)),
        http_part("Prometheus", "prometheus", at(settings.prometheus_port), "/-/ready"),
    ]


def published_ports(settings: StackSettings) -> list[Port]:
    """Return the ports on the host, in both ways of running."""
    bind = settings.bind_address
    return [
        Port(settings.http_port, "nginx", "HTTP_PORT", bind),
        Port(settings.model_server_port, f"slot {STABLE}", "MODEL_SERVER_PORT", bind),
        Port(settings.model_server_new_port, f"slot {CANDIDATE}", "MODEL_SERVER_NEW_PORT", bind),
        Port(settings.drift_detector_port, f"drift of {STABLE}", "DRIFT_DETECTOR_PORT", bind),
        Port(settings.drift_detector_new_port, f"drift of {CANDIDATE}", "DRIFT_DETECTOR_NEW_PORT", bind),
        Port(settings.prometheus_port, "Prometheus", "PROMETHEUS_PORT", bind),
        Port(settings.grafana_port, "dashboards", "GRAFANA_PORT", bind),
        Port(settings.mongodb_port, "MongoDB", "MONGODB_PORT", bind),
    ]


def dashboards_part(settings: StackSettings, ready: str) -> Part:
    """Return the dashboards: Grafana's health is /api/health, our own page's is the page."""
    return http_part("dashboards", "dashboards", f"http://{settings.reach}:{settings.grafana_port}", ready)


def replica_parts(settings: StackSettings) -> list[Part]:
    """Return the local processes behind a slot that has several: nginx asks one of them, so each is shown."""
    return [
        http_part(f"{one.slot}, replica {one.number}", one.name, f"http://{one.address}")
        for one in local_replicas(settings)
        if settings.replicas[one.slot] > 1
    ]


def local_parts() -> list[Part]:
    """Return the parts that only the local way publishes."""
    return [
        http_part("node exporter", "node_exporter", "http://127.0.0.1:19100", "/metrics"),
        http_part("nginx exporter", "nginx_exporter", "http://127.0.0.1:19113", "/metrics"),
    ]
