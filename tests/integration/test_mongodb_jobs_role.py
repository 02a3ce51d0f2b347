"""The job server and its workers do what their role in MongoDB permits, and no more.

They are processes of their own: what they ask passes a relay on its way to a database without users.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import MongodbServer
from tests.integration.jobs_program import JobsProgram, RabbitmqServer
from tests.integration.mongodb_recorder import Recorder
from tests.integration.mongodb_relay import relay_to
from tests.integration.test_jobs_faults import NETWORK, table
from tests.integration.test_mongodb_roles import permitted, run_script
from tests.tensor_model import write_regressor
from tests.waiting import until


@pytest.fixture
def asked() -> Recorder:
    """Give what notes the commands of the job server and its workers."""
    return Recorder("role")


@pytest.fixture
def jobs(
    broker: RabbitmqServer, shared_mongodb: MongodbServer, asked: Recorder, tmp_path: Path
) -> Iterator[JobsProgram]:
    """Run a job server with a worker that samples all, small chunks, and a model that some inputs crash."""
    package = write_regressor(tmp_path / "model")
    (package / "network.py").write_text(NETWORK)
    with relay_to(shared_mongodb.port, asked.note) as relay:
        settings = {"RABBITMQ_QUEUE": "role", "ROWS_PER_CHUNK": 25, "JOB_SAMPLE_RATE": 1}
        program = JobsProgram(tmp_path, relay.uri("role"), broker.uri, package, **settings)
        with program.running():
            yield program


def test_the_role_permits_what_the_job_programs_do_and_no_more(jobs: JobsProgram, asked: Recorder) -> None:
    """A job whose worker crashes, one that is cancelled, one that is refused; and all are removed."""
    job = jobs.submit(table(60, {7: 666}), "text/csv")["id"]
    assert jobs.wait_for(job)["failed"] == 1
    for path in ("", "/results", "/summary", "/events"):
        assert jobs.request("GET", f"/jobs/{job}{path}").is_success
    cancelled = jobs.submit(table(1000), "text/csv")["id"]
    assert jobs.request("DELETE", f"/jobs/{cancelled}").json()["state"] == "cancelled"
    refused = jobs.request("POST", "/jobs", content=b"x1\n1\n", headers={"Content-Type": "text/csv"})
    assert refused.status_code == 422
    assert {one["id"] for one in jobs.request("GET", "/jobs").json()} == {job, cancelled}
    jobs.restart_server(JOBS_KEPT_DAYS=1e-9)
    until("what has ended is removed", lambda: jobs.request("GET", "/jobs").json() == [])
    assert asked.unknown == []
    assert asked.needed == permitted(run_script(), "jobs")
