"""Jobs with Docker: the services of the profile `jobs`."""

import re
from pathlib import Path
from typing import Any

import pytest

from job_server.settings import JobServerSettings, SharedSettings, WorkerSettings
from stack.published import JOBS, OPTIONAL, PROFILES
from tests.unit.service.test_slots import compose_file, services

PROJECT = Path(__file__).parents[3]
FILE = "docker-compose.jobs.yml"
OURS: dict[str, type[SharedSettings]] = {"job_server": JobServerSettings, "worker": WorkerSettings}


def of_jobs() -> dict[str, Any]:
    return {name: service for name, service in services().items() if JOBS in service.get("profiles", ())}


def test_the_profile_has_three_services_of_a_file_of_their_own() -> None:
    """Which the first file includes; no other profile is offered that there is not."""
    assert of_jobs().keys() == {"rabbitmq", "job_server", "worker"} == compose_file(FILE)["services"].keys()
    assert FILE in compose_file("docker-compose.yml")["include"]
    assert {*PROFILES} <= {one for service in services().values() for one in service.get("profiles", ())}


@pytest.mark.parametrize("name", sorted(of_jobs()))
def test_they_may_as_little_as_the_others(name: str) -> None:
    """And are watched, bounded and given time to stop as those."""
    service, model = of_jobs()[name], services()["model_server"]
    for key in ("read_only", "cap_drop", "security_opt", "init", "logging", "tmpfs", "restart"):
        assert service[key] == model[key], key
    assert {"healthcheck", "stop_grace_period"} <= service.keys()
    assert {"memory", "pids"} <= service["deploy"]["resources"]["limits"].keys()
    assert service["depends_on"].get("models") or name == "worker"
    assert service.get("user", "10001:10001") != "0:0"


def test_only_the_server_is_published() -> None:
    """A worker has no port and no name of its own, so that there may be several."""
    published = {name: service["ports"] for name, service in of_jobs().items() if "ports" in service}
    (one,) = [one for one in OPTIONAL if one.profile == JOBS]
    port = f"${{BIND_ADDRESS:-127.0.0.1}}:${{{one.variable}:-5100}}:{one.container_port}"
    assert published == {one.service: [port]}
    assert not [service for service in of_jobs().values() if {"container_name", "hostname"} & service.keys()]
    assert of_jobs()["worker"]["deploy"]["replicas"] == "${WORKERS:-1}"


def test_server_and_workers_are_one_image() -> None:
    """Which the server's service builds."""
    server, worker = (of_jobs()[name] for name in OURS)
    assert server["image"] == worker["image"]
    assert (worker["pull_policy"], "build" in worker) == ("never", False)
    assert (PROJECT / server["build"]["dockerfile"]).exists()
    assert worker["command"] == ["python", "-m", "job_server.worker"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_the_programs_know_what_they_are_told(name: str) -> None:
    """Each variable is a setting of theirs."""
    told = {variable.lower() for variable in of_jobs()[name]["environment"]}
    assert told <= OURS[name].model_fields.keys(), told - OURS[name].model_fields.keys()


def test_the_workers_read_what_the_server_keeps() -> None:
    """And the package of the stable slot, which neither writes; the image has the volumes' folders."""
    server, worker = (of_jobs()[name]["volumes"] for name in OURS)
    package = "${MODEL_SERVER_PACKAGE:-./model_server/model}:/package:ro"
    assert server == [package, "job_packages:/packages", "job_spool:/spool"]
    assert worker == [package, "job_packages:/packages:ro"]
    told = of_jobs()["job_server"]["environment"]
    assert (told["KEPT_PACKAGES"], told["SPOOL"], told["MODEL_PACKAGE"]) == (
        "/packages",
        "/spool",
        "/package",
    )
    dockerfile = (PROJECT / "job_server/Dockerfile").read_text("utf-8")
    assert "install -d -o 10001 -g 10001 /packages /spool" in dockerfile


def test_rabbitmq_is_known_to_its_clients_only() -> None:
    """They have its user and password, and it is told the same; it has no page."""
    broker = of_jobs()["rabbitmq"]
    assert re.fullmatch(r"rabbitmq:4\.\d+\.\d+-alpine", broker["image"])
    for name in OURS:
        told = of_jobs()[name]["environment"]
        assert told["RABBITMQ_USER"] == broker["environment"]["RABBITMQ_DEFAULT_USER"]
        assert told["RABBITMQ_PASSWORD"] == broker["environment"]["RABBITMQ_DEFAULT_PASS"]
        assert told["RABBITMQ_HOST"] == "rabbitmq:5672"
    assert f":{5672:04X} 01 " in of_jobs()["worker"]["healthcheck"]["test"][1]


def test_rabbitmq_keeps_within_its_container() -> None:
    """It stops to take messages at half of the memory; its file is where it is told to look."""
    broker = of_jobs()["rabbitmq"]
    path = broker["environment"]["RABBITMQ_CONFIG_FILE"]
    assert f"./rabbitmq:{Path(path).parent}:ro" in broker["volumes"]
    lines = (PROJECT / "rabbitmq" / Path(path).name).read_text("utf-8").splitlines()
    told = dict(line.split(" = ") for line in lines if not line.startswith("#"))
    assert told == {
        "log.console": "true",
        "log.console.level": "warning",
        "log.file": "false",
        "vm_memory_high_watermark.absolute": "256MB",
        "disk_free_limit.absolute": "500MB",
    }
    assert broker["deploy"]["resources"]["limits"]["memory"] == "512m"
    plain = (PROJECT / "stack/plain/rabbitmq.py").read_text("utf-8")
    assert all(f'"{name} = {value}"' in plain for name, value in told.items())
