"""The components that people know the stack by, the same in both ways of running."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from service.slots import CANDIDATE, PORT, STABLE, detector_of

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Published:
    """A component with a port on the host, its Compose service, and the variable that moves the port.

    One that names a profile is there where that is on.
    """

    name: str
    service: str
    variable: str
    container_port: int
    through: str = ""  # the Compose service that publishes it, where that is another one
    profile: str = ""
    local: bool = False  # on the loopback alone, whatever BIND_ADDRESS says

    @property
    def publisher(self) -> str:
        """Return the Compose service that publishes the port."""
        return self.through or self.service

    def address(self, bind_address: str) -> str:
        """Return the address that its port is bound to, where the others' are bound to `bind_address`."""
        return LOOPBACK if self.local else bind_address

    def url(self, address: str, port: int) -> str:
        """Return the URL of a port that is bound to this address, as this machine reaches it."""
        host = reachable(address)
        if self.service == "mongodb":
            return f"mongodb://{host}:{port}"
        return f"http://{host}" if port == 80 else f"http://{host}:{port}"


JOBS, TRAINING = "jobs", "training"
PROFILES = (JOBS, TRAINING)
DASHBOARDS = Published("dashboards", "grafana", "GRAFANA_PORT", 3000)
PUBLISHED = (
    Published("MongoDB", "mongodb", "MONGODB_PORT", 27017),
    Published(f"slot {STABLE}", STABLE, "MODEL_SERVER_PORT", 8000, through="nginx"),
    Published(f"slot {CANDIDATE}", CANDIDATE, "MODEL_SERVER_NEW_PORT", 8001, through="nginx"),
    Published(f"drift of {STABLE}", detector_of(STABLE), "DRIFT_DETECTOR_PORT", 8000),
    Published(f"drift of {CANDIDATE}", detector_of(CANDIDATE), "DRIFT_DETECTOR_NEW_PORT", 8000),
    Published("upload page, predictions", "nginx", "HTTP_PORT", 80),
    Published("Prometheus", "prometheus", "PROMETHEUS_PORT", 9090),
    Published("Alertmanager", "alertmanager", "ALERTMANAGER_PORT", 9093),
    DASHBOARDS,
)
OPTIONAL = (
    Published("job server", "job_server", "JOB_SERVER_PORT", 5100, profile=JOBS),
    Published(
        "stream producer", "stream_producer", "STREAM_PRODUCER_PORT", PORT, profile=TRAINING, local=True
    ),
    Published("retraining", "retraining", "RETRAINING_PORT", PORT, profile=TRAINING, local=True),
)
EVERY = (*PUBLISHED, *OPTIONAL)


def published(service: str) -> Published:
    """Return the component of a Compose service."""
    return next(one for one in EVERY if one.service == service)


def published_with(profiles: Collection[str]) -> tuple[Published, ...]:
    """Return the components that are there where these profiles are on."""
    return (*PUBLISHED, *(one for one in OPTIONAL if one.profile in profiles))


def read_profiles(text: str) -> frozenset[str]:
    """Return the profiles of a comma-separated list. SystemExit where one of them is none."""
    chosen = frozenset(filter(None, map(str.strip, text.split(","))))
    if unknown := sorted(chosen.difference(PROFILES)):
        raise SystemExit(f"PROFILES: there is no {unknown[0]!r}; there is {', '.join(PROFILES)}")
    return chosen


def reachable(address: str) -> str:
    """Return the address at which this machine reaches what is bound to `address`."""
    return LOOPBACK if address == "0.0.0.0" else address  # noqa: S104 - compared only


def table(rows: Sequence[tuple[str, str, str]]) -> str:
    """Return a line for each component, its URL and its state, aligned under a heading."""
    every = [("COMPONENT", "URL", "STATE"), *rows]
    widths = [max(len(row[column]) for row in every) for column in range(2)]
    return "\n".join(f"{name:<{widths[0]}}  {url:<{widths[1]}}  {state}" for name, url, state in every)
