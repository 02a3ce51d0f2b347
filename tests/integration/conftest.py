"""A MongoDB over a real socket for the integration tests: NX-27017 in a folder of its own."""

import itertools
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from mongodb.store import Store
from tests.colour_model import write_colour_package
from tests.integration.jobs_program import JobsProgram, RabbitmqServer
from tests.integration.kafka_server import KafkaServer
from tests.ports import free_port
from tests.tensor_model import write_regressor

START_MILLISECONDS = 20_000
database_numbers = itertools.count(1)


class MongodbServer:
    """An NX-27017 that a test can stop and start again with its data kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def uri(self, database: str) -> str:
        """Return the address of a database, which comes to be when it is written to."""
        return f"mongodb://127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        nx_27017 = str(Path(sys.executable).with_name("nx-27017"))
        files = ["--data-dir", "data", "--log-file", "nx.log", "--pid-file", "nx.pid"]
        with (self.folder / "nx.out").open("ab") as output:
            command = [nx_27017, "-p", str(self.port), *files]
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=output, stderr=output)
        client: MongoClient[dict[str, Any]] = MongoClient(
            self.uri("admin"), serverSelectionTimeoutMS=START_MILLISECONDS
        )
        with client:
            client.admin.command("ping")

    def pause(self) -> None:
        """Let the server hang: connections stay, nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a hanging server go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        """Stop the server, if it runs, and wait until it has ended."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


@pytest.fixture(scope="session")
def shared_mongodb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongodbServer]:
    """Run one server for all tests that do not stop it."""
    server = MongodbServer(tmp_path_factory.mktemp("mongodb"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def mongodb_uri(shared_mongodb: MongodbServer) -> str:
    """Give the address of an empty database."""
    return shared_mongodb.uri(f"test_{next(database_numbers)}")


@pytest.fixture
async def store(mongodb_uri: str) -> AsyncIterator[Store]:
    """Give a prepared store on the empty database."""
    store = Store(mongodb_uri)
    await store.prepare()
    yield store
    await store.close()


@pytest.fixture
def mongodb_server(tmp_path: Path) -> Iterator[MongodbServer]:
    """Give a running server that the test may stop and start."""
    server = MongodbServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitmqServer]:
    """Run RabbitMQ for all tests that leave it running."""
    with RabbitmqServer(tmp_path_factory.mktemp("rabbitmq")).running() as server:
        yield server


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """Run a broker of Kafka's protocol for all tests that leave it running; each makes topics of its own."""
    with KafkaServer(tmp_path_factory.mktemp("kafka")).running() as server:
        yield server


@pytest.fixture(scope="session")
def jobs(
    broker: RabbitmqServer, shared_mongodb: MongodbServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JobsProgram]:
    """Run a job server with a worker, whose model answers 3 x1 - 2 x2 + 1."""
    folder = tmp_path_factory.mktemp("jobs")
    package = write_regressor(folder / "model")
    with JobsProgram(folder, shared_mongodb.uri("jobs"), broker.uri, package).running() as program:
        yield program


@pytest.fixture(scope="session")
def image_jobs(
    broker: RabbitmqServer, shared_mongodb: MongodbServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JobsProgram]:
    """Run a job server with a worker, whose model names an image's colour; with a queue of its own."""
    folder = tmp_path_factory.mktemp("image_jobs")
    package = write_colour_package(folder / "model")
    settings = {"RABBITMQ_QUEUE": "images", "JOB_SAMPLE_RATE": 0.5}
    uri = shared_mongodb.uri("image_jobs")
    with JobsProgram(folder, uri, broker.uri, package, **settings).running() as program:
        yield program
