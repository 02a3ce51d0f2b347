"""The model servers of the local way: as many processes per slot as .env says, which share the cores."""

import os
from pathlib import Path

from stack.paths import Paths
from stack.plain.addresses import Replica, local_replicas
from stack.plain.program import Program
from stack.settings import StackSettings

MOST_WORKERS = 4  # of each server, unless somebody asks for more: every one of them takes memory


def model_servers(settings: StackSettings, paths: Paths) -> list[Program]:
    """Return a program for each replica of both slots; they share the cores."""
    replicas = local_replicas(settings)
    share = min(MOST_WORKERS, max(1, available_cores() // len(replicas)))
    threads = settings.variables.get("CPU_THREADS", str(share))
    return [_model_server(replica, threads, settings, paths) for replica in replicas]


def available_cores() -> int:
    """Return how many cores this machine lets us run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def model_package(slot: str, settings: StackSettings, paths: Paths) -> Path:
    """Return the folder of a slot's model package."""
    return paths.project / settings.variables.get(f"{slot.upper()}_PACKAGE", f"{slot}/model")


def _model_server(replica: Replica, threads: str, settings: StackSettings, paths: Paths) -> Program:
    host, _, port = replica.address.partition(":")
    environment = {
        "CPU_THREADS": threads,
        "OPENBLAS_NUM_THREADS": "1",  # as in the image
        "SLOT": replica.slot,
        "HOST": host,
        "PORT": port,
        "INTERNAL_PORT": str(replica.internal_port),
        "MODEL_PACKAGE": str(model_package(replica.slot, settings, paths)),
    }
    return Program(replica.name, (str(paths.python("model_server")), "-m", "model_server"), environment)
