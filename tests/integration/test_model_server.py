"""The model server as a process of its own, against a MongoDB that stops, hangs and comes back."""

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


def test_a_worker_that_is_killed_ends_the_server(server: ModelServerProgram) -> None:
    """By the out-of-memory killer, say: the supervisor restarts it, and the log tells why it ended."""
    (worker,) = psutil.Process(server.process.pid).children()
    worker.kill()
    assert server.process.wait(20) != 0
    assert "a worker process died" in server.log.read_text()


def test_a_server_that_is_killed_leaves_no_worker(server: ModelServerProgram) -> None:
    """Nobody would stop it, and it would keep its memory."""
    (worker,) = psutil.Process(server.process.pid).children()
    server.process.kill()
    worker.wait(10)


def test_a_client_that_leaves_does_not_disturb_the_server(server: ModelServerProgram) -> None:
    """A connection cut in the middle of an upload leaves nothing behind."""
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as connection:
            connection.sendall(head + b"Content-Length: 100000\r\n\r\n--b\r\n")
    assert server.predict("after").status_code == 200
    until("nothing in progress but this", lambda: server.metric("http_requests_in_progress{") == 1, 5)
    assert "Traceback" not in server.log.read_text()
