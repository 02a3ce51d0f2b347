"""A world of numbered examples, and Kafka's client as the producer knows it, without a broker."""

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np

from examples.world import LabelledExample
from stream.producer.metrics import ProducerMetrics
from stream.producer.sender import Sender


class NumberedWorld:
    """Draws images that have a number and the drift in them; their classes take turns."""

    name = "numbers"
    classes = ("odd", "even", "none")

    def __init__(self) -> None:
        self.drawn = 0
        self.fault: Exception | None = None
        self.while_drawing: Callable[[], None] = lambda: None

    def draw(self, rng: np.random.Generator, drift: float) -> LabelledExample:
        if self.fault:
            raise self.fault
        self.while_drawing()
        self.drawn += 1
        value = f"{self.drawn} {drift} {rng.integers(1000)}".encode() * 20
        return LabelledExample("image/jpeg", value, ("even", "odd")[self.drawn % 2])


class FakeKafkaError:
    """An error as confluent_kafka has them."""

    def __init__(self, name: str) -> None:
        self._name = name

    def name(self) -> str:
        return self._name

    def str(self) -> str:
        return "in words"


class FakeKafka:
    """A client whose broker takes what comes, unless it is away or refuses."""

    def __init__(self) -> None:
        self.config: dict[str, Any] = {}
        self.taken: list[tuple[str, bytes, bytes, dict[str, bytes]]] = []
        self.is_away = False
        self.refuses: str | None = None
        self.flushed = False
        self._waiting: list[tuple[tuple[str, bytes, bytes, dict[str, bytes]], Callable[..., None]]] = []

    def connect(self, config: dict[str, Any]) -> "FakeKafka":
        self.config = config
        return self

    def produce(
        self, topic: str, value: Any = None, key: Any = None, *, headers: Any, on_delivery: Any
    ) -> None:
        if len(self._waiting) >= self.config["queue.buffering.max.messages"]:
            raise BufferError("Local: Queue full")
        self._waiting.append(((topic, key, value, dict(headers)), on_delivery))

    def poll(self, _: float = -1, /) -> int:
        if self.is_away:
            self.config["error_cb"](FakeKafkaError("_ALL_BROKERS_DOWN"))
            return 0
        waiting, self._waiting = self._waiting, []
        for message, on_delivery in waiting:
            if self.refuses:
                on_delivery(FakeKafkaError(self.refuses), None)
            else:
                self.taken.append(message)
                on_delivery(None, None)
        return len(waiting)

    def flush(self, timeout: float = -1, /) -> int:
        self.flushed = True
        if timeout:
            self.poll()
        return len(self)

    def __len__(self) -> int:
        return len(self._waiting)


def sender_to(kafka: FakeKafka, metrics: ProducerMetrics, most_waiting: int = 100) -> Sender:
    """Return a sender whose client is the fake."""
    return Sender("127.0.0.1:1", "training-data", most_waiting, metrics, kafka.connect)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another task brings about."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is watched has no event
            await asyncio.sleep(0.002)
