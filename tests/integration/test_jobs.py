"""Jobs on a real RabbitMQ: every accepted input ends with exactly one result."""

import io
import json
import os
import signal
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from pymongo import MongoClient

from mongodb.documents import Sample
from mongodb.sampling import is_sampled
from tests.colour_model import colour_image
from tests.integration.conftest import MongodbServer
from tests.integration.jobs_program import JobsProgram, RabbitmqServer, csv_of
from tests.tensor_model import write_regressor
from tests.waiting import until

NAMES = ("x1", "x2")


def test_a_table_is_answered_row_by_row(jobs: JobsProgram) -> None:
    """In the order in which it was handed in; a bad row has its own reason."""
    job = jobs.submit(csv_of([(1, 2), (3, 4)], NAMES) + b"5,none\n6,7\n", "text/csv")
    assert (job["state"], job["total"]) == ("queued", 4)
    done = jobs.wait_for(job["id"])
    assert (done["state"], done["done"], done["failed"]) == ("done", 4, 1)
    results = jobs.results(job["id"])
    assert [one["row"] for one in results] == [1, 2, 3, 4]
    assert [one.get("values") for one in results] == [[0.0], [2.0], None, [5.0]]
    assert "x2" in results[2]["error"]


def test_what_was_handed_in_once_with_a_key_is_one_job(jobs: JobsProgram) -> None:
    """Another body with the same key is refused."""
    body, key = csv_of([(1, 2)], NAMES), {"Idempotency-Key": "one-key"}
    first, second = (jobs.submit(body, "text/csv", **key) for _ in range(2))
    assert first["id"] == second["id"]
    headers = {"Content-Type": "text/csv", **key}
    other = jobs.request("POST", "/jobs", content=csv_of([(3, 4)], NAMES), headers=headers)
    assert (other.status_code, other.headers["content-type"]) == (422, "application/problem+json")
    assert len(jobs.results(jobs.wait_for(first["id"])["id"])) == 1


def test_the_results_are_also_a_table(jobs: JobsProgram) -> None:
    """In which nothing is a formula."""
    job = jobs.submit(csv_of([(1, 2)], NAMES) + b"=1+1,4\n", "text/csv")
    jobs.wait_for(job["id"])
    answer = jobs.request("GET", f"/jobs/{job['id']}/results", headers={"Accept": "text/csv"})
    header, first, second = answer.text.splitlines()
    assert header.startswith("filename,row,")
    assert first.split(",")[1:5] == ["1", "", "", "0.0"]
    assert ",=" not in second


def test_progress_is_told_as_it_happens(jobs: JobsProgram) -> None:
    """Server-Sent Events end with the job."""
    job = jobs.submit(csv_of([(1, 2)] * 3000, NAMES), "text/csv")
    answer = jobs.request("GET", f"/jobs/{job['id']}/events")
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]
    assert events[-1]["state"] == "done"
    assert [one["done"] for one in events] == sorted(one["done"] for one in events)
    assert events[-1]["done"] == 3000


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"x1\n1\n", "text/csv", 422),
        (b"", "text/csv", 422),
        (b"x", "text/html", 415),
        (b"PK", "image/png", 415),
    ],
)
def test_what_the_model_does_not_take_is_refused(
    jobs: JobsProgram, body: bytes, content_type: str, status: int
) -> None:
    """As a whole, with what to send; nothing of it stays."""
    before = len(jobs.request("GET", "/jobs").json())
    answer = jobs.request("POST", "/jobs", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(jobs.request("GET", "/jobs").json()) == before


NO_ROOM = {
    "MAX_OPEN_JOBS": (1, "1 jobs are open already."),
    "LEAST_FREE_BYTES": (2**60, "The disk is nearly full."),
}


@pytest.mark.parametrize("setting", NO_ROOM)
def test_where_there_is_no_room_nothing_is_taken(
    broker: RabbitmqServer, mongodb_uri: str, tmp_path: Path, setting: str
) -> None:
    """It is refused at the door, with when to come again; nothing of it stays. No worker is there."""
    (value, said), package = NO_ROOM[setting], write_regressor(tmp_path / "model")
    program = JobsProgram(
        tmp_path, mongodb_uri, broker.uri, package, RABBITMQ_QUEUE=setting, **{setting: value}
    )
    with program.running(workers=0):
        post = partial(program.request, "POST", content=b"x1,x2\n1,2\n", headers={"Content-Type": "text/csv"})
        with ThreadPoolExecutor() as together:
            answers = [*together.map(post, ["/jobs"] * 8), post("/jobs")]
        refused = answers[-1]
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
        assert said in refused.json()["detail"]
        taken = [one for one in answers if one.status_code == 202]
        assert len(program.request("GET", "/jobs").json()) == len(taken) == (setting == "MAX_OPEN_JOBS")
        assert list((tmp_path / "spool").iterdir()) == []


def test_an_unknown_job_is_none(jobs: JobsProgram) -> None:
    """Whatever is asked of it."""
    for method, path in [("GET", ""), ("GET", "/results"), ("GET", "/events"), ("DELETE", "")]:
        assert jobs.request(method, f"/jobs/nothing{path}").status_code == 404


def test_a_zip_of_images_is_answered_image_by_image(image_jobs: JobsProgram) -> None:
    """One that cannot be decoded has its own reason."""
    archive = io.BytesIO()
    colours = ["red", "green", "blue"] * 30
    with zipfile.ZipFile(archive, "w") as file:
        for number, colour in enumerate(colours):
            file.writestr(f"{number}.png", colour_image(colour))
        file.writestr("broken.png", colour_image("red")[:60])
    job = image_jobs.submit(archive.getvalue(), "application/zip")
    done = image_jobs.wait_for(job["id"])
    assert (done["done"], done["failed"]) == (91, 1)
    *results, broken = image_jobs.results(job["id"])
    assert [(one["filename"], one["likely_class"]) for one in results] == [
        (f"{number}.png", colour) for number, colour in enumerate(colours)
    ]
    assert (broken["filename"], "error" in broken) == ("broken.png", True)


def test_a_share_of_the_predictions_is_sampled(
    image_jobs: JobsProgram, shared_mongodb: MongodbServer
) -> None:
    """As the slot `jobs`, whole: what a detector reads; none of an image that cannot be decoded."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(40):
            file.writestr(f"{number}.png", colour_image("red") if number else b"\x89PNG\r\n\x1a\n")
    job = image_jobs.submit(archive.getvalue(), "application/zip")["id"]
    image_jobs.wait_for(job)
    expected = {
        (f"{job}:{chunk}", row)
        for chunk, count in enumerate((31, 8))
        for row in range(count)
        if is_sampled(f"{job}:{chunk}#{row}", 0.5)
    }
    client: MongoClient[dict[str, object]] = MongoClient(shared_mongodb.uri("image_jobs"))
    with client:
        samples = client.image_jobs.samples

        def found() -> list[Sample]:
            matched = {"request_id": {"$regex": f"^{job}"}, "position": {"$exists": True}}
            return [Sample.from_document(one) for one in samples.find(matched)]

        until("all samples are there", lambda: len(found()) >= len(expected))
        assert {(one.request_id, one.row) for one in found()} == expected
        assert {(one.slot, one.label, one.embedding.size > 0) for one in found()} == {("jobs", "red", True)}


def test_a_form_of_images_is_a_job_too(image_jobs: JobsProgram) -> None:
    """As the online server takes it."""
    files = [("file", (f"{colour}.png", colour_image(colour), "image/png")) for colour in ("blue", "red")]
    answer = image_jobs.request("POST", "/jobs", files=files)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/jobs/{answer.json()['id']}"
    image_jobs.wait_for(answer.json()["id"])
    assert [one["likely_class"] for one in image_jobs.results(answer.json()["id"])] == ["blue", "red"]


def test_each_line_of_the_logs_is_json(jobs: JobsProgram) -> None:
    """Also those of Celery, of a process that was killed; no line has the broker's password."""
    job = jobs.submit(csv_of([(1, 2)], NAMES), "text/csv")["id"]
    jobs.wait_for(job)
    (worker,) = jobs.workers
    until("a process predicts", lambda: bool(worker.children))
    os.kill(worker.children[0], signal.SIGKILL)
    jobs.wait_for(jobs.submit(csv_of([(1, 2)], NAMES), "text/csv")["id"])
    lines = [line for path in jobs.folder.glob("*.log") for line in path.read_text().splitlines()]
    assert all(json.loads(line)["slot"] == "jobs" for line in lines)
    assert any("SIGKILL" in line for line in lines)
    assert not any("guest:guest" in line for line in lines)
