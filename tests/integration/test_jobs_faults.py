"""What dies while a job runs costs no input its result, and gives none two."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.integration.conftest import MongodbServer
from tests.integration.jobs_program import JobsProgram, RabbitmqServer, csv_of
from tests.tensor_model import write_regressor
from tests.waiting import until

NAMES = ("x1", "x2")
NETWORK = '''
import os
import time

from torch import nn


class Linear(nn.Module):
    """Takes its time; 666 ends its process, 667 hangs it."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, x):
        time.sleep(0.06)
        if (x == 666).any():
            os.kill(os.getpid(), 11)
        if (x == 667).any():
            time.sleep(1000)
        return self.layer(x)
'''
INPUT_SECONDS = 2


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitmqServer]:
    """Run a RabbitMQ that the tests may kill."""
    with RabbitmqServer(tmp_path_factory.mktemp("rabbitmq")).running() as server:
        yield server


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongodbServer]:
    """Run a database that the tests may stop."""
    server = MongodbServer(tmp_path_factory.mktemp("mongodb"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def running(
    broker: RabbitmqServer, database: MongodbServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JobsProgram]:
    """Run a job server with two workers, small chunks, and a model that takes its time."""
    folder = tmp_path_factory.mktemp("jobs")
    package = write_regressor(folder / "model")
    (package / "network.py").write_text(NETWORK)
    settings = {"INPUT_SECONDS": INPUT_SECONDS, "ROWS_PER_CHUNK": 25}
    program = JobsProgram(folder, database.uri("jobs"), broker.uri, package, **settings)
    with program.running(workers=2):
        yield program


@pytest.fixture
def jobs(running: JobsProgram) -> Iterator[JobsProgram]:
    """Give the program whole, with nothing to do."""
    for one in running.workers:
        if one.process.poll() is not None:
            one.start()
    yield running
    for job in running.request("GET", "/jobs").json():
        running.request("DELETE", f"/jobs/{job['id']}")


def table(count: int, odd: dict[int, float] | None = None) -> bytes:
    """Return rows of which each has another answer."""
    return csv_of([((odd or {}).get(row, row / 16), 0) for row in range(count)], NAMES)


def check(jobs: JobsProgram, job: str, count: int) -> list[dict[str, object]]:
    """Check that each row has its one result, and the right one if it has a value."""
    results = jobs.results(job)
    assert [one["row"] for one in results] == list(range(1, count + 1))
    right = [3 * (number / 16) + 1 for number in range(count)]
    assert [one["values"] for one in results if "values" in one] == [
        [right[int(str(one["row"])) - 1]] for one in results if "values" in one
    ]
    return results


def wait_for_more(jobs: JobsProgram, job: str) -> None:
    """Wait until more is answered, or all."""
    before = jobs.job(job)["done"]
    until("it goes on", lambda: jobs.job(job)["done"] > before or jobs.job(job)["state"] == "done", 60)


def test_fifty_killed_workers_cost_nothing(jobs: JobsProgram) -> None:
    """The process that predicts, or all of a worker, at random times of a job of 5,000."""
    draw = random.Random(5)
    job = jobs.submit(table(5000), "text/csv")["id"]
    until("it has begun", lambda: jobs.job(job)["done"] > 0, 60)
    kills: Counter[str] = Counter()
    while sum(kills.values()) < 50 and jobs.job(job)["state"] == "running":
        one = draw.choice(jobs.workers)
        if draw.random() < 0.2:
            one.kill()
            one.start()
            kills["worker"] += 1
        elif children := one.children:
            os.kill(children[0], signal.SIGKILL)
            kills["child"] += 1
        wait_for_more(jobs, job)
    assert sum(kills.values()) == 50
    done = jobs.wait_for(job, 240)
    assert (done["done"], done["failed"]) == (5000, 0)
    check(jobs, job, 5000)


def test_a_broker_that_is_killed_loses_nothing(jobs: JobsProgram, broker: RabbitmqServer) -> None:
    """Jobs are taken in while it is away."""
    job = jobs.submit(table(2000), "text/csv")["id"]
    until("it has begun", lambda: jobs.job(job)["done"] > 0, 60)
    broker.kill()
    other = jobs.submit(table(100), "text/csv")["id"]
    broker.start()
    for one, count in [(job, 2000), (other, 100)]:
        done = jobs.wait_for(one, 240)
        assert (done["done"], done["failed"]) == (count, 0)
        check(jobs, one, count)


def test_a_broker_without_room_loses_nothing(jobs: JobsProgram, broker: RabbitmqServer) -> None:
    """It takes no message then: jobs are taken in and wait, and the metrics say why."""

    def is_up() -> bool:
        return 'job_broker_up{slot="jobs"} 1.0' in jobs.request("GET", "/metrics").text

    broker.control("set_vm_memory_high_watermark", "0")
    job = jobs.submit(table(500), "text/csv")["id"]
    until("the metrics tell", lambda: not is_up(), 60)
    assert jobs.job(job)["state"] == "queued"
    broker.control("set_vm_memory_high_watermark", "absolute", "256MB")
    done = jobs.wait_for(job, 60)
    assert (done["done"], done["failed"], is_up()) == (500, 0, True)
    check(jobs, job, 500)


def test_a_database_that_is_away_loses_nothing(jobs: JobsProgram, database: MongodbServer) -> None:
    """A job is then refused with when to come again."""
    job = jobs.submit(table(2000), "text/csv")["id"]
    until("it has begun", lambda: jobs.job(job)["done"] > 0, 60)
    database.stop()
    refused = jobs.request("POST", "/jobs", content=table(1), headers={"Content-Type": "text/csv"})
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    database.start()
    done = jobs.wait_for(job, 240)
    assert (done["done"], done["failed"]) == (2000, 0)
    check(jobs, job, 2000)


def test_a_server_that_is_killed_loses_nothing(jobs: JobsProgram) -> None:
    """Once it has said 202; before it has published anything. What it was still reading goes."""
    left = jobs.folder / "spool/job-left/body"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a body")
    accepted = []
    for _ in range(5):
        accepted.append(jobs.submit(table(60), "text/csv")["id"])
        jobs.server.kill()
        jobs.server.start()
        jobs.server.wait_until_ready()
    assert not left.exists()
    for job in accepted:
        assert jobs.wait_for(job, 120)["done"] == 60
        check(jobs, job, 60)


def test_an_input_that_ends_its_worker_fails_alone(jobs: JobsProgram) -> None:
    """After three tries; one that hangs as well, at its time limit."""
    job = jobs.submit(table(60, {7: 666, 30: 667, 31: 666}), "text/csv")["id"]
    done = jobs.wait_for(job, 120)
    assert (done["done"], done["failed"]) == (60, 3)
    failed = {one["row"]: one["error"] for one in check(jobs, job, 60) if "error" in one}
    assert list(failed) == [8, 31, 32]
    assert all("ended its worker 3 times" in str(reason) for reason in failed.values())


def test_a_small_job_does_not_wait_behind_a_large_one(jobs: JobsProgram) -> None:
    """Chunks are taken in turn."""
    large = jobs.submit(table(5000), "text/csv")["id"]
    until("it has begun", lambda: jobs.job(large)["done"] > 0, 60)
    small = jobs.submit(table(10), "text/csv")["id"]
    jobs.wait_for(small, 30)
    assert jobs.job(large)["done"] < 2500
    jobs.request("DELETE", f"/jobs/{large}")


def test_a_cancelled_job_ends(jobs: JobsProgram) -> None:
    """What is answered stays; nothing more is tried."""
    job = jobs.submit(table(5000), "text/csv")["id"]
    until("it has begun", lambda: jobs.job(job)["done"] > 0, 60)
    assert jobs.request("DELETE", f"/jobs/{job}").json()["state"] == "cancelled"
    done = jobs.job(job)["done"]
    assert 0 < done < 5000
    other = jobs.submit(table(10), "text/csv")["id"]
    jobs.wait_for(other, 30)
    assert jobs.job(job)["done"] == done == len(jobs.results(job))


def test_a_job_keeps_its_model_when_the_slot_gets_another(jobs: JobsProgram) -> None:
    """One that asks for the latest goes with the slot."""
    body = table(1500)
    kept = jobs.submit(body, "text/csv")["id"]
    latest = jobs.request(
        "POST", "/jobs?model=latest", content=body, headers={"Content-Type": "text/csv"}
    ).json()["id"]
    until("both have begun", lambda: all(jobs.job(one)["done"] > 0 for one in (kept, latest)), 60)
    manifest = jobs.folder / "model/model.toml"
    manifest.write_text(manifest.read_text().replace('version = "1"', 'version = "2"'))
    for one in (kept, latest):
        assert jobs.wait_for(one, 120)["failed"] == 0
    assert {one["version"] for one in jobs.results(kept)} == {"1"}
    assert {one["version"] for one in jobs.results(latest)} == {"1", "2"}


def test_a_worker_that_must_go_finishes_what_it_holds(jobs: JobsProgram) -> None:
    """Its chunk is predicted once."""

    def comes_again() -> int:
        logs = "".join(path.read_text() for path in jobs.folder.glob("worker-*.log"))
        return logs.count("one by one")

    before = comes_again()
    job = jobs.submit(table(1000), "text/csv")["id"]
    until("it has begun", lambda: jobs.job(job)["done"] > 0, 60)
    started = time.monotonic()
    assert jobs.workers[0].stop() == 0
    assert time.monotonic() - started < 30
    done = jobs.wait_for(job, 120)
    assert (done["done"], done["failed"]) == (1000, 0)
    assert comes_again() == before
