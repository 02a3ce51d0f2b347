"""Hand records to Kafka's client, and hear what became of each."""

import logging
from collections.abc import Callable
from typing import Any, Protocol

from confluent_kafka import KafkaError, Producer

from stream.producer.damage import Record
from stream.producer.metrics import ProducerMetrics

logger = logging.getLogger(__name__)

MOST_WAITING_KIBIBYTES = 64 * 2**10
STOP_SECONDS = 5.0


class Client(Protocol):
    """What is used of confluent_kafka's Producer."""

    def produce(
        self,
        topic: str,
        value: bytes | None = None,
        key: bytes | None = None,
        *,
        headers: list[tuple[str, str | bytes | None]],
        on_delivery: Callable[[KafkaError | None, Any], None],
    ) -> None:
        """Queue a message; BufferError where the queue is full."""

    def poll(self, timeout: float = -1, /) -> int:
        """Call back for what has happened."""

    def flush(self, timeout: float = -1, /) -> int:
        """Wait until all is delivered, and return how many messages are left."""

    def __len__(self) -> int:
        """Return how many messages wait."""


class Sender:
    """Sends records to a topic. For one thread: `poll` calls back, and is to be called again and again.

    `fault` is why the broker takes nothing now; None while it takes what comes.
    """

    def __init__(
        self,
        brokers: str,
        topic: str,
        most_waiting: int,
        metrics: ProducerMetrics,
        connect: Callable[[dict[str, Any]], Client] = Producer,
    ) -> None:
        self._topic = topic
        self._metrics = metrics
        self.sent = 0
        self.failed = 0
        self.fault: str | None = None
        self._client = connect(
            {
                "bootstrap.servers": brokers,
                "acks": "all",
                "linger.ms": 20,
                "message.timeout.ms": 0,  # none is given up while the broker is away: the queue fills
                "queue.buffering.max.messages": most_waiting,
                "queue.buffering.max.kbytes": MOST_WAITING_KIBIBYTES,
                "reconnect.backoff.max.ms": 2000,
                "log_level": 0,  # what there is to say comes as an error, once
                "error_cb": self._on_error,
            }
        )

    @property
    def waiting(self) -> int:
        """Return how many records the broker has not taken yet."""
        return len(self._client)

    def send(self, record: Record) -> bool:
        """Queue a record; False where there is no room now."""
        headers: list[tuple[str, str | bytes | None]] = [
            (name, text.encode()) for name, text in record.headers.items()
        ]
        try:
            self._client.produce(
                self._topic, record.value, record.id.encode(), headers=headers, on_delivery=self._on_delivery
            )
        except BufferError:
            return False
        return True

    def poll(self) -> None:
        """Hear what has happened since the last call."""
        self._client.poll(0)

    def close(self) -> None:
        """Give what waits a few seconds; what is left then is lost. To be called from another thread."""
        if left := self._client.flush(STOP_SECONDS if self.fault is None else 0.0):
            logger.warning("%d records were not taken by Kafka, and are lost", left)

    def _on_delivery(self, error: KafkaError | None, _: object) -> None:
        if error is None:
            self.sent += 1
            self._metrics.count_sent()
            self._note(None)
        else:
            self.failed += 1
            self._metrics.count_failure(error.name())
            self._note(f"{error.name()}: {error.str()}")

    def _on_error(self, error: KafkaError) -> None:
        self._note(f"{error.name()}: {error.str()}")

    def _note(self, fault: str | None) -> None:
        if (fault is None) != (self.fault is None):
            logger.warning("Kafka takes nothing: %s", fault) if fault else logger.info("Kafka takes records")
        self.fault = fault
