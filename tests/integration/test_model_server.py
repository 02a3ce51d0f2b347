"""The model server as a process of its own, against a MongoDB that stops, hangs and comes back."""

import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from pymongo import MongoClient

from tests.colour_model import write_colour_package
from tests.integration.conftest import MongodbServer
from tests.integration.model_server_program import ModelServerProgram
from tests.waiting import until


@pytest.fixture
def server(tmp_path: Path, mongodb_server: MongodbServer) -> Iterator[ModelServerProgram]:
    package = write_colour_package(tmp_path / "model")
    uri = mongodb_server.uri("drift_detection")
    environment = {"MODEL_PACKAGE": str(package), "MONGODB_URI": uri, "SLOT": "model_server_new"}
    with ModelServerProgram(tmp_path, SAMPLE_QUEUE_SIZE="20", **environment) as server:
        server.wait_until_ready()
        yield server


def stored_request_ids(mongodb: MongodbServer) -> list[str]:
    client: MongoClient[dict[str, Any]] = MongoClient(mongodb.uri("drift_detection"))
    with client:
        return [document["request_id"] for document in client.drift_detection.samples.find()]


def test_samples_arrive_in_mongodb(server: ModelServerProgram, mongodb_server: MongodbServer) -> None:
    """Each prediction leaves one document with its request id."""
    for number in range(5):
        assert server.predict(f"r{number}").status_code == 200
    until(
        "five samples", lambda: sorted(stored_request_ids(mongodb_server)) == [f"r{n}" for n in range(5)], 10
    )


@pytest.mark.parametrize("how", ["stopped", "hanging"])
def test_an_absent_mongodb_slows_no_prediction(
    server: ModelServerProgram, mongodb_server: MongodbServer, how: str
) -> None:
    """Predictions stay fast, the queue stays bounded, and all that fitted is stored once when it is back."""
    server.predict("before")
    until("the first sample", lambda: len(stored_request_ids(mongodb_server)) == 1, 10)
    if how == "stopped":
        mongodb_server.stop()
    else:
        mongodb_server.pause()
    slowest = 0.0
    for number in range(60):
        started = time.perf_counter()
        assert server.predict(f"during{number}").status_code == 200
        slowest = max(slowest, time.perf_counter() - started)
    assert slowest < 1.0
    assert server.metric('samples_dropped_total{reason="queue_full"') == 40
    if how == "stopped":
        mongodb_server.start()
    else:
        mongodb_server.resume()
    until("21 samples written", lambda: server.metric("samples_written_total{") == 21, 30)
    stored = stored_request_ids(mongodb_server)
    assert len(stored) == len(set(stored)) == 21


def test_a_stop_finishes_and_stores_what_was_accepted(
    server: ModelServerProgram, mongodb_server: MongodbServer
) -> None:
    """SIGTERM right after an answer: its sample is stored before the process ends."""
    for number in range(10):
        server.predict(f"last{number}")
    assert server.stop() == -signal.SIGTERM  # uvicorn repeats the signal once all is done
    assert len(stored_request_ids(mongodb_server)) == 10


def test_a_bad_package_stops_the_start_with_one_line(tmp_path: Path) -> None:
    """The log's only line says what to mend."""
    package = write_colour_package(tmp_path / "model")
    (package / "artifacts/weights.safetensors").unlink()
    server = ModelServerProgram(tmp_path, MODEL_PACKAGE=str(package))
    assert server.process.wait(60) == 1
    (line,) = server.log.read_text().splitlines()
    assert "weights.safetensors" in line
    assert "download_models.py" in line


def test_a_wrong_variable_stops_the_start(tmp_path: Path) -> None:
    """Exit code 2 and the variable's name."""
    server = ModelServerProgram(tmp_path, SAMPLE_RATE="1.5")
    assert server.process.wait(60) == 2
    assert server.log.read_text().startswith("SAMPLE_RATE: Input should be less than or equal to 1")


def zygote(server: ModelServerProgram) -> psutil.Process:
    (process,) = psutil.Process(server.process.pid).children()
    return process


def fork_server(server: ModelServerProgram) -> psutil.Process:
    (process,) = zygote(server).children()
    return process


def workers(server: ModelServerProgram) -> list[psutil.Process]:
    """Return all of them, also one that has an image alone."""
    return [one for one in fork_server(server).children() if one.status() != psutil.STATUS_ZOMBIE]


def are_done(answers: Sequence[Future[httpx.Response]], count: int) -> bool:
    return sum(one.done() for one in answers) > count


def test_a_worker_that_is_killed_costs_no_answer(server: ModelServerProgram) -> None:
    """By the out-of-memory killer, say, in the middle of its work: another takes its place and its images."""
    with ThreadPoolExecutor(8) as clients:
        answers = [clients.submit(server.predict, f"r{number}") for number in range(400)]
        for killed in range(1, 6):
            for worker in workers(server):
                worker.kill()
            until("more answers", partial(are_done, answers, 40 * killed), 60)
    assert Counter(one.result().status_code for one in answers) == {200: 400}
    assert server.metric('inference_workers_lost_total{reason="died"') >= 1
    assert server.process.poll() is None


def test_a_fork_server_that_is_killed_ends_the_server(server: ModelServerProgram) -> None:
    """It could replace no worker any more: the supervisor restarts it, and the log tells why it ended."""
    fork_server(server).kill()
    assert server.process.wait(20) != 0
    assert "no worker process can be made any more" in server.log.read_text()


def test_a_server_that_is_killed_leaves_no_process(server: ModelServerProgram) -> None:
    """Nobody would stop them, and they would keep their memory."""
    processes = [zygote(server), fork_server(server), *workers(server)]
    server.process.kill()
    for process in processes:
        process.wait(10)


def test_a_worker_that_is_stuck_costs_no_answer(server: ModelServerProgram) -> None:
    """It cannot be told from one that works but by its silence; then another takes its place."""
    (worker,) = workers(server)
    worker.suspend()
    assert server.predict("stuck").status_code == 200
    assert not worker.is_running()
    assert server.metric('inference_workers_lost_total{reason="no_answer"') == 1


def test_a_client_that_leaves_does_not_disturb_the_server(server: ModelServerProgram) -> None:
    """A connection cut in the middle of an upload leaves nothing behind."""
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as connection:
            connection.sendall(head + b"Content-Length: 100000\r\n\r\n--b\r\n")
    assert server.predict("after").status_code == 200
    until("nothing in progress", lambda: server.metric("http_requests_in_progress{") == 0, 5)
    assert "Traceback" not in server.log.read_text()
