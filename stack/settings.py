"""What .env and the environment say about the plain processes: the same variables as Compose reads."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from service.slots import SLOTS
from stack.env_file import read_env_file
from stack.published import JOBS, TRAINING, reachable, read_profiles

DEFAULT_TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
MOST_REPLICAS = 16
INNER_PORTS, INNER_PORT_COUNT = 18000, 1115  # the first, and how many from there on the stack may take
FIRST_PORT_FOR_ALL = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


def _may_listen_on_80() -> bool:
    first = int(FIRST_PORT_FOR_ALL.read_text()) if FIRST_PORT_FOR_ALL.exists() else 1024
    return os.geteuid() == 0 or first <= 80


@dataclass(frozen=True)
class StackSettings:
    """Addresses and ports on the host, replicas per slot, and the variables handed to every program.

    `profiles` names the optional parts that are on; `workers` answer jobs, where those are.

    `inner_ports` is the first of those that the processes reach one another at; see `plain/addresses.py`.
    """

    bind_address: str
    http_port: int
    model_server_port: int
    model_server_new_port: int
    drift_detector_port: int
    drift_detector_new_port: int
    prometheus_port: int
    alertmanager_port: int
    grafana_port: int
    mongodb_port: int
    job_server_port: int
    stream_producer_port: int
    retraining_port: int
    inner_ports: int
    model_source: str
    torch_index: str
    replicas: Mapping[str, int]
    profiles: frozenset[str]
    workers: int
    variables: Mapping[str, str]

    @property
    def jobs(self) -> bool:
        """Return whether jobs are taken in and answered."""
        return JOBS in self.profiles

    @property
    def training(self) -> bool:
        """Return whether the training stream flows."""
        return TRAINING in self.profiles

    @property
    def reach(self) -> str:
        """Return the address at which this machine reaches what listens on the bind address."""
        return reachable(self.bind_address)

    def port(self, variable: str) -> int:
        """Return the port that a variable of .env moves, as in HTTP_PORT."""
        return int(getattr(self, variable.lower()))


def load_stack_settings(project: Path, environment: Mapping[str, str], *, http_port: int) -> StackSettings:
    """Read .env, then the environment over it, as Compose does; empty values count as absent."""
    read = read_env_file(project / ".env", environment)
    variables = {name: value for name, value in {**read, **environment}.items() if value}

    def port(name: str, default: int, *, count: int = 1) -> int:
        value = variables.get(name, str(default))
        if not value.isdecimal() or not 0 < int(value) < 65536:
            raise SystemExit(f"{name}: {value!r} is not a port; correct it in .env")
        if int(value) + count > 65536:
            raise SystemExit(
                f"{name}: {value} is above {65536 - count}, and leaves no room for {count} ports"
            )
        return int(value)

    def replicas(name: str) -> int:
        value = variables.get(name, "1")
        if not value.isdecimal() or not 1 <= int(value) <= MOST_REPLICAS:
            raise SystemExit(
                f"{name}: {value!r} is not a number from 1 to {MOST_REPLICAS}; correct it in .env"
            )
        return int(value)

    return StackSettings(
        bind_address=variables.get("BIND_ADDRESS", "127.0.0.1"),
        http_port=port("HTTP_PORT", http_port),
        model_server_port=port("MODEL_SERVER_PORT", 8000),
        model_server_new_port=port("MODEL_SERVER_NEW_PORT", 8001),
        drift_detector_port=port("DRIFT_DETECTOR_PORT", 8009),
        drift_detector_new_port=port("DRIFT_DETECTOR_NEW_PORT", 8010),
        prometheus_port=port("PROMETHEUS_PORT", 9090),
        alertmanager_port=port("ALERTMANAGER_PORT", 9093),
        grafana_port=port("GRAFANA_PORT", 3000),
        mongodb_port=port("MONGODB_PORT", 27017),
        job_server_port=port("JOB_SERVER_PORT", 5100),
        stream_producer_port=port("STREAM_PRODUCER_PORT", 5300),
        retraining_port=port("RETRAINING_PORT", 5400),
        inner_ports=port("INNER_PORTS", INNER_PORTS, count=INNER_PORT_COUNT),
        model_source=variables.get("MODEL_SOURCE", "demo"),
        torch_index=variables.get("TORCH_INDEX", DEFAULT_TORCH_INDEX),
        replicas={slot: replicas(f"{slot.upper()}_REPLICAS") for slot in SLOTS},
        profiles=read_profiles(variables.get("PROFILES", "")),
        workers=replicas("WORKERS"),
        variables=variables,
    )


def local_settings(project: Path) -> StackSettings:
    """Return the settings of the plain processes: port 8080 in place of 80 for users who may not have 80."""
    return load_stack_settings(project, os.environ, http_port=80 if _may_listen_on_80() else 8080)
