"""Our server as a system under test: alone, without sampling, behind nginx, and with the regressor."""

from dataclasses import replace
from functools import partial
from itertools import count

from benchmark.behind_nginx import nginx_server
from benchmark.measurement import Description
from benchmark.systems import Server, Serves, SystemUnderTest, Target, Testbed
from service.slots import SLOTS, STABLE
from stack.plain.addresses import Replica
from stack.plain.model_servers import model_server
from stack.plain.probes import http_complaint

ENVIRONMENT = "model_server"


def our_systems() -> list[SystemUnderTest]:
    """Return our five."""
    alone = SystemUnderTest(
        Description(
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
        description=Description(
            "ours-unsampled",
            "our model server, SAMPLE_RATE=0",
            "the same without sampling, to tell what sampling costs.",
            {"CPU_THREADS": "all cores", "SAMPLE_RATE": "0"},
        ),
        target=partial(_alone, serves="images", sample_rate="0"),
    )
    both = _behind_nginx(
        alone,
        Description(
            "ours-nginx",
            "both slots behind nginx",
            "two model servers with half of the cores each behind the project's own nginx files, "
            "equal shares; both serve the same network and sample everything.",
            {"CPU_THREADS": "half of the cores each", "SAMPLE_RATE": "1.0"},
        ),
    )
    regressor = replace(
        alone,
        description=Description(
            "ours-regressor",
            "our model server, tensor model",
            "the same server with the lab's regressor (one Linear 2 → 1) as its model package, sampling on.",
            {"CPU_THREADS": "all cores", "SAMPLE_RATE": "1.0"},
        ),
        serves="regressor",
        target=partial(_alone, serves="regressor", sample_rate="1.0"),
    )
    regressor_replicas = _behind_nginx(
        regressor,
        Description(
            "ours-regressor-nginx",
            "our two replicas behind nginx, tensor model",
            "two of them with half of the cores each behind the project's own nginx files: "
            "one Python process cannot fill two cores with requests this small.",
            {"CPU_THREADS": "half of the cores each", "SAMPLE_RATE": "1.0"},
        ),
    )
    return [alone, unsampled, both, regressor, regressor_replicas]


def _alone(testbed: Testbed, *, serves: Serves, sample_rate: str) -> Target:
    replica = Replica(STABLE, 1, testbed.port, testbed.port + 1)
    server = _server(testbed, replica, threads=testbed.cores, serves=serves, sample_rate=sample_rate)
    return Target([server], f"http://{replica.address}/predict")


def _behind_nginx(alone: SystemUnderTest, description: Description) -> SystemUnderTest:
    target = partial(_two_behind_nginx, serves=alone.serves)
    return replace(alone, description=description, target=target, metrics_url=None)


def _two_behind_nginx(testbed: Testbed, *, serves: Serves) -> Target:
    threads = max(1, testbed.cores // 2)
    ports = count(testbed.port + 2)
    replicas = [Replica(slot, 1, next(ports), next(ports)) for slot in SLOTS]
    servers = [_server(testbed, one, threads=threads, serves=serves, sample_rate="1.0") for one in replicas]
    nginx = nginx_server(testbed.folder, testbed.port, replicas)
    return Target([*servers, nginx], f"http://127.0.0.1:{testbed.port}/predict")


def _server(testbed: Testbed, replica: Replica, *, threads: int, serves: Serves, sample_rate: str) -> Server:
    package = testbed.image_package if serves == "images" else testbed.regressor_package
    program = model_server(replica, testbed.python(ENVIRONMENT), package, str(threads))
    sampling = {"MONGODB_URI": testbed.mongodb_uri, "SAMPLE_RATE": sample_rate}
    environment = {**program.environment, **sampling}
    return Server(
        replace(program, environment=environment), partial(http_complaint, f"http://{replica.address}/readyz")
    )


def _metrics(testbed: Testbed) -> str:
    return f"http://127.0.0.1:{testbed.port}/metrics"
