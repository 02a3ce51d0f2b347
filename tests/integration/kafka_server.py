"""A broker of Kafka's protocol as a process of its own: Tansu, as without Docker."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from stack.environments import ensure_environment
from stack.paths import Paths
from stack.plain.probes import kafka_complaint
from stack.plain.tansu import tansu
from tests.ports import free_port
from tests.waiting import until

HOST = "127.0.0.1"
SECONDS = 20


class KafkaServer:
    """A Tansu that a test can stop and start again at the same address: it then holds nothing."""

    def __init__(self, folder: Path) -> None:
        ensure_environment("tansu", Paths(), torch_index="")
        self.port = free_port()
        self._program = tansu(Paths().environments / "tansu", HOST, self.port)
        self._log = folder / "tansu.log"
        folder.mkdir(parents=True, exist_ok=True)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def brokers(self) -> str:
        """Return its address, as in KAFKA_BROKERS."""
        return f"{HOST}:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._program.command, stdout=log, stderr=log)
        until("Tansu answers", self._answers, SECONDS)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()
        return kafka_complaint(HOST, self.port) is None

    @contextmanager
    def running(self) -> Iterator["KafkaServer"]:
        """Give it once it answers; end it in the end."""
        try:
            self.start()
            yield self
        finally:
            self.stop()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Have nobody reach it; what it held is lost."""
        self.kill()
        yield
        self.start()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Have it hang: connections stay, nothing is answered, and nothing is lost."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(SECONDS)
            self._process = None

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def create_topic(self, name: str, partitions: int) -> None:
        """Make a topic, which must not be there."""
        admin = AdminClient({"bootstrap.servers": self.brokers})
        admin.create_topics([NewTopic(name, partitions)])[name].result(SECONDS)

    def delete_topic(self, name: str) -> None:
        """Delete a topic with what is in it, which frees its memory."""
        admin = AdminClient({"bootstrap.servers": self.brokers})
        admin.delete_topics([name])[name].result(SECONDS)
