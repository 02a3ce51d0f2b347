"""The model server as a process of its own, against a MongoDB that stops, hangs and comes back."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from tests.colour_model import colour_image, write_colour_package
from tests.integration.conftest import MongodbServer, free_port

PROJECT = Path(__file__).parents[2]


class ServerProcess:
    """`python -m model_server` on a free port."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.log = folder / "server.log"
        environment = {"HOST": "127.0.0.1", "PORT": str(port), "CPU_THREADS": "1", **environment}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "model_server"],
                cwd=PROJECT,
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self) -> None:
        until("ready", lambda: self.answers("/readyz"), 60)

    def answers(self, path: str) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(self.url + path).status_code == 200
        except httpx.TransportError:
            return False

    def predict(self, request_id: str) -> httpx.Response:
        files = {"file": ("red.png", colour_image("red"), "image/png")}
        return httpx.post(f"{self.url}/predict", files=files, headers={"X-Request-ID": request_id})

    def metric(self, series: str) -> float:
        lines = httpx.get(f"{self.url}/metrics").text.splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(series))

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)


def until(what: str, condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


@pytest.fixture
def server(tmp_path: Path, mongodb_server: MongodbServer) -> Iterator[ServerProcess]:
    package = write_colour_package(tmp_path / "model")
    uri = mongodb_server.uri("drift_detection")
    server = ServerProcess(
        tmp_path, MODEL_PACKAGE=str(package), MONGODB_URI=uri, SAMPLE_QUEUE_SIZE="20", SLOT="model_server_new"
    )
    server.wait_until_ready()
    yield server
    server.process.kill()
    server.process.wait()


def stored_request_ids(mongodb: MongodbServer) -> list[str]:
    client: MongoClient[dict[str, Any]] = MongoClient(mongodb.uri("drift_detection"))
    with client:
        return [document["request_id"] for document in client.drift_detection.samples.find()]


def test_samples_arrive_in_mongodb(server: ServerProcess, mongodb_server: MongodbServer) -> None:
    """Each prediction leaves one document with its request id."""
    for number in range(5):
        assert server.predict(f"r{number}").status_code == 200
    until(
        "five samples", lambda: sorted(stored_request_ids(mongodb_server)) == [f"r{n}" for n in range(5)], 10
    )


@pytest.mark.parametrize("how", ["stopped", "hanging"])
def test_an_absent_mongodb_slows_no_prediction(
    server: ServerProcess, mongodb_server: MongodbServer, how: str
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
    server: ServerProcess, mongodb_server: MongodbServer
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
    server = ServerProcess(tmp_path, MODEL_PACKAGE=str(package))
    assert server.process.wait(60) == 1
    (line,) = server.log.read_text().splitlines()
    assert "weights.safetensors" in line
    assert "download_models.py" in line


def test_a_wrong_variable_stops_the_start(tmp_path: Path) -> None:
    """Exit code 2 and the variable's name."""
    server = ServerProcess(tmp_path, SAMPLE_RATE="1.5")
    assert server.process.wait(60) == 2
    assert server.log.read_text().startswith("SAMPLE_RATE: Input should be less than or equal to 1")


def test_a_client_that_leaves_does_not_disturb_the_server(server: ServerProcess) -> None:
    """A connection cut in the middle of an upload leaves nothing behind."""
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as connection:
            connection.sendall(head + b"Content-Length: 100000\r\n\r\n--b\r\n")
    assert server.predict("after").status_code == 200
    until("nothing in progress but this", lambda: server.metric("http_requests_in_progress{") == 1, 5)
    assert "Traceback" not in server.log.read_text()
