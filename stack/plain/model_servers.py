"""The model servers as plain processes: as many per slot as .env says, which share the cores."""

import os
from pathlib import Path

from stack.paths import Paths
from stack.plain.addresses import Replica, local_replicas
from stack.plain.program import Program
from stack.settings import StackSettings

MOST_WORKERS = 4  # of each server, unless somebody asks for more: every one of them takes memory


def model_servers(settings: StackSettings, paths: Paths) -> list[Program]:
    """Return a program for each replica of both slots; they share the cores."""
    replicas, python = local_replicas(settings), paths.python("model_server")
    share = min(MOST_WORKERS, max(1, available_cores() // len(replicas)))
    threads = settings.variables.get("CPU_THREADS", str(share))
    return [model_server(one, python, model_package(one.slot, settings, paths), threads) for one in replicas]


def model_package(slot: str, settings: StackSettings, paths: Paths) -> Path:
    """Return the folder of a slot's model package."""
    return paths.project / settings.variables.get(f"{slot.upper()}_PACKAGE", f"{slot}/model")


def model_server(replica: Replica, python: Path, package: Path, threads: str) -> Program:
    """Return the program of one replica with its model package and its number of workers."""
    host, _, port = replica.address.partition(":")
    environment = {
        "CPU_THREADS": threads,
        "OPENBLAS_NUM_THREADS": "1",  # as in the image
        "SLOT": replica.slot,
        "HOST": host,
        "PORT": port,
        "INTERNAL_PORT": str(replica.internal_port),
        "MODEL_PACKAGE": str(package),
    }
    return Program(replica.name, (str(python), "-m", "model_server"), environment)


def available_cores() -> int:
    """Return how many cores this machine lets us run on."""
    return len(os.sched_getaffinity(0))
