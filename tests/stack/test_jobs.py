"""Jobs beside the stack that runs: their parts come, have more and fewer workers, and go."""

import io
import json
import os
import zipfile
from collections.abc import Iterator

import httpx
import pytest

from service.slots import STABLE
from tests.cleartext import NO_TLS
from tests.stack.client import JOB_SERVER, SLOTS, TIMEOUT_SECONDS, images, predict, query, total, wait_for
from tests.stack.running_stack import OF_JOBS, ComposeStack, RunningStack
from tests.stack.test_footprint import check_confined

COUNT = 480  # in chunks of 32
SCRAPED = 'up{job=~"job_server|rabbitmq"}'


@pytest.fixture(scope="module")
def working(running: RunningStack) -> Iterator[RunningStack]:
    """The stack with what jobs need, and one worker; without it again for those who come after."""
    running.work(1)
    yield running
    running.rest()
    wait_for("nothing of jobs in Prometheus", lambda: not query(SCRAPED), 60)


def ask(path: str, archive: bytes | None = None) -> httpx.Response:
    """Ask the job server, or hand a zip in."""
    method, headers = ("POST" if archive else "GET"), {"Content-Type": "application/zip"}
    url = f"{JOB_SERVER}{path}"
    response = httpx.request(
        method, url, content=archive, headers=headers, timeout=TIMEOUT_SECONDS, verify=NO_TLS
    )
    assert response.is_success, response.text
    return response


def hand_in() -> str:
    """Hand a job of images in, and return its id when some are answered and others wait."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for number, data in enumerate(images("test")[:COUNT]):
            file.writestr(f"{number}.jpg", data)
    job: str = ask("/jobs", archive.getvalue()).json()["id"]
    wait_for("the job has begun", lambda: told(job)["done"], 60)
    assert told(job)["state"] == "running"
    return job


def told(job: str) -> dict[str, object]:
    """Return how far a job is."""
    document: dict[str, object] = ask(f"/jobs/{job}").json()
    return document


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("workers", [2, 1])
def test_each_input_has_one_result_while_workers_come_and_go(working: RunningStack, workers: int) -> None:
    """A second one comes to the first job, and goes from the next one; the slot would answer the same."""
    job = hand_in()
    working.work(workers)
    wait_for("so many workers", lambda: total("rabbitmq_consumers") == workers, 30)
    wait_for("the job is done", lambda: told(job)["state"] == "done", 60)
    results = [json.loads(line) for line in ask(f"/jobs/{job}/results").text.splitlines()]
    assert [one["filename"] for one in results] == [f"{number}.jpg" for number in range(COUNT)]
    assert not [one for one in results if "error" in one]
    online = [predict(SLOTS[STABLE], data).json()["likely_class"] for data in images("test")[:3]]
    assert [one["likely_class"] for one in results[:3]] == online


def test_prometheus_scrapes_what_jobs_need(working: RunningStack) -> None:
    """The server and RabbitMQ, each by its own metrics."""
    wait_for("both targets up", lambda: total(f"count({SCRAPED} == 1)") == 2, 60)


if os.environ.get("STACK") == "compose":

    def test_the_containers_of_jobs_may_do_little(working: ComposeStack) -> None:
        """As all others."""
        for service in OF_JOBS:
            check_confined(working, service)
