"""Our server as contestant: alone, without sampling, behind nginx with both slots, and with the regressor."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from benchmark.behind_nginx import nginx_program
from benchmark.contestants import Contestant, Ground, Lineup, Program, Serves
from benchmark.measurement import About
from service.slots import CANDIDATE, STABLE

ENVIRONMENT = "model_server"


def our_contestants() -> list[Contestant]:
    """Return our five."""
    alone = Contestant(
        About(
            "ours",
            "our model server",
            "`python -m model_server` with all cores; it samples all predictions into MongoDB (NX-27017).",
            {"CPU_THREADS": "all cores", "SAMPLE_RATE": "1.0"},
        ),
        "images",
        "raw",
        partial(_alone, serves="images", sample_rate="1.0"),
        [ENVIRONMENT],
        metrics_url=_metrics,
    )
    unsampled = replace(
        alone,
        about=About(
            "ours-unsampled",
            "our model server, SAMPLE_RATE=0",
            "the same without sampling, to tell what sampling costs.",
            {"CPU_THREADS": "all cores", "SAMPLE_RATE": "0"},
        ),
        lineup=partial(_alone, serves="images", sample_rate="0"),
    )
    both = _behind_nginx(
        alone,
        About(
            "ours-nginx",
            "both slots behind nginx",
            "two model servers with half of the cores each behind the project's own nginx files, "
            "equal shares; both serve the same network and sample everything.",
            {"CPU_THREADS": "half of the cores each", "SAMPLE_RATE": "1.0"},
        ),
    )
    regressor = replace(
        alone,
        about=About(
            "ours-regressor",
            "our model server, tensor model",
            "the same server with the lab's regressor (one Linear 2 → 1) as its model package, sampling on.",
            {"CPU_THREADS": "all cores", "SAMPLE_RATE": "1.0"},
        ),
        serves="regressor",
        lineup=partial(_alone, serves="regressor", sample_rate="1.0"),
    )
    regressor_replicas = _behind_nginx(
        regressor,
        About(
            "ours-regressor-nginx",
            "our two replicas behind nginx, tensor model",
            "two of them with half of the cores each behind the project's own nginx files: "
            "one Python process cannot fill two cores with requests this small.",
            {"CPU_THREADS": "half of the cores each", "SAMPLE_RATE": "1.0"},
        ),
    )
    return [alone, unsampled, both, regressor, regressor_replicas]


def _alone(ground: Ground, *, serves: Serves, sample_rate: str) -> Lineup:
    server = _server(
        ground, "model_server", ground.port, threads=ground.cores, serves=serves, sample_rate=sample_rate
    )
    return Lineup([server], f"http://127.0.0.1:{ground.port}/predict")


def _behind_nginx(alone: Contestant, about: About) -> Contestant:
    lineup = partial(_two_behind_nginx, serves=alone.serves)
    return replace(alone, about=about, lineup=lineup, metrics_url=None)


def _two_behind_nginx(ground: Ground, *, serves: Serves) -> Lineup:
    threads = max(1, ground.cores // 2)
    slots = {STABLE: ground.port + 2, CANDIDATE: ground.port + 4}
    servers = [
        _server(ground, slot, port, threads=threads, serves=serves, sample_rate="1.0")
        for slot, port in slots.items()
    ]
    nginx = nginx_program(ground.folder, ground.port, slots)
    return Lineup([*servers, nginx], f"http://127.0.0.1:{ground.port}/predict")


def _server(
    ground: Ground, slot: str, port: int, *, threads: int, serves: Serves, sample_rate: str
) -> Program:
    package = ground.image_package if serves == "images" else ground.regressor_package
    variables = {
        "SLOT": slot,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "INTERNAL_PORT": str(port + 1),
        "MODEL_PACKAGE": str(package),
        "MONGODB_URI": ground.mongodb_uri,
        "SAMPLE_RATE": sample_rate,
        "CPU_THREADS": str(threads),
    }
    command: Sequence[str] = [str(ground.python(ENVIRONMENT)), "-m", "model_server"]
    return Program(slot, command, variables, f"http://127.0.0.1:{port}/readyz")


def _metrics(ground: Ground) -> str:
    return f"http://127.0.0.1:{ground.port}/metrics"
