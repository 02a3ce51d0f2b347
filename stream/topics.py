"""Kafka's topics as the stream's programs see them: made where they are missing, read and written."""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka import Message as KafkaMessage
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from training_data.record import Message

ANSWER_SECONDS = 10.0
READ_BYTES, READ_AT_ONCE = 48_000_000, 20  # messages may have a megabyte each
QUIET = {
    "log_level": 3,
    "reconnect.backoff.max.ms": 2000,
}  # what a broker that is away says, the program says

logger = logging.getLogger(__name__)


class BrokerAway(Exception):
    """Kafka does not answer, or has lost the topic: try again."""


@dataclass(frozen=True)
class Topic:
    """A topic that is there: `id` is another one where it was made anew."""

    name: str
    id: str
    partitions: tuple[int, ...]

    def source(self, partition: int) -> str:
        """Return the name of a partition as a source of records."""
        return f"{self.name}/{self.id}/{partition}"


def ensure_topics(brokers: str, names: Sequence[str], partitions: int) -> list[Topic]:
    """Return the topics, made where they are missing; BrokerAway where Kafka does not answer."""
    admin = AdminClient({"bootstrap.servers": brokers, "socket.timeout.ms": 5000, **QUIET}, logger=logger)
    try:
        there = admin.list_topics(timeout=ANSWER_SECONDS).topics
        missing = [NewTopic(name, num_partitions=partitions) for name in names if name not in there]
        if missing:
            for future in admin.create_topics(missing).values():
                _wait_for_creation(future)
        described = admin.describe_topics(TopicCollection(list(names)), request_timeout=ANSWER_SECONDS)
        return [
            Topic(name, str(found.topic_id), tuple(one.id for one in found.partitions))
            for name, found in ((name, described[name].result(ANSWER_SECONDS)) for name in names)
        ]
    except (KafkaException, TimeoutError) as error:
        raise BrokerAway(f"Kafka at {brokers} does not answer: {error}") from error


def _wait_for_creation(future: Future[None]) -> None:
    """Wait until a topic is made, by whomever."""
    try:
        future.result(ANSWER_SECONDS)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise


class TopicReader:
    """Reads all partitions of a topic, each from where it is told; the group's offsets are for onlookers."""

    def __init__(self, brokers: str, topic: Topic, group: str, next_positions: Mapping[str, int]) -> None:
        self._topic = topic
        self._away = ""
        self._consumer = Consumer(
            {
                "bootstrap.servers": brokers,
                "group.id": group,
                "group.protocol": "classic",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "error_cb": self._on_error,
                "socket.timeout.ms": 10_000,
                **QUIET,
            },
            logger=logger,
        )
        self._positions = {
            partition: next_positions.get(topic.source(partition), OFFSET_BEGINNING)
            for partition in topic.partitions
        }
        self._consumer.assign(
            [TopicPartition(topic.name, partition, offset) for partition, offset in self._positions.items()]
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def read(self, most: int, seconds: float) -> list[Message]:
        """Return the next messages, after `seconds` those that have come until then, or READ_BYTES of them.

        Raises:
            BrokerAway: Kafka is gone, or has lost the topic.
        """
        messages: list[Message] = []
        size, deadline = 0, time.monotonic() + seconds
        while len(messages) < most and size < READ_BYTES:
            left = max(0.0, deadline - time.monotonic())
            found = self._consumer.consume(min(READ_AT_ONCE, most - len(messages)), left)
            for one in found:
                if (error := one.error()) is not None:
                    self._note(error)
                else:
                    messages.append(read_message(one))
                    size += messages[-1].size
                    self._positions[one.partition() or 0] = (one.offset() or 0) + 1
            if not found or self._away:
                break
        if self._away and not messages:
            raise BrokerAway(self._away)
        return messages

    def commit(self) -> None:
        """Tell the group how far it was read. What could not be told is told the next time."""
        offsets = [
            TopicPartition(self._topic.name, partition, offset)
            for partition, offset in self._positions.items()
            if offset >= 0
        ]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            logger.debug("offsets not committed: %s", error)

    def lag(self) -> int:
        """Return how many messages wait, as the broker last told."""
        lag = 0
        for partition, position in self._positions.items():
            partition_of = TopicPartition(self._topic.name, partition)
            low, high = self._consumer.get_watermark_offsets(partition_of, cached=True)
            lag += max(0, high - max(position, low, 0))
        return lag

    def _on_error(self, error: KafkaError) -> None:
        self._note(error)

    def _note(self, error: KafkaError) -> None:
        if error.code() == KafkaError._PARTITION_EOF:
            return
        self._away = f"{error.name()}: {error.str()}"


def read_message(message: KafkaMessage) -> Message:
    """Return what came, as bytes."""
    headers = dict(message.headers() or ())
    key, value = message.key(), message.value()
    return Message(
        key.encode() if isinstance(key, str) else key,
        {name: one.encode() if isinstance(one, str) else one or b"" for name, one in headers.items()},
        value.encode() if isinstance(value, str) else value,
        message.partition() or 0,
        message.offset() or 0,
    )


class TopicWriter:
    """Writes to a topic, and returns when the broker has what was written."""

    def __init__(self, brokers: str, topic: str) -> None:
        self._topic = topic
        self._producer = Producer(
            {
                "bootstrap.servers": brokers,
                "acks": "all",
                "linger.ms": 5,
                "delivery.timeout.ms": round(ANSWER_SECONDS * 1000),
                "socket.timeout.ms": 5000,
                **QUIET,
            },
            logger=logger,
        )

    def write(self, messages: Iterable[tuple[bytes | None, Mapping[str, bytes], bytes | None]]) -> None:
        """Write all; BrokerAway where the broker has not taken one of them in time."""
        failed: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: KafkaMessage) -> None:
            if error is not None:
                failed.append(error)

        for key, headers, value in messages:
            while True:
                try:
                    self._producer.produce(
                        self._topic, value, key, headers=dict(headers), on_delivery=delivered
                    )
                    break
                except BufferError:
                    self._producer.poll(0.1)
            self._producer.poll(0)
        deadline = time.monotonic() + ANSWER_SECONDS + 2
        while self._producer.flush(0.5) and time.monotonic() < deadline:
            pass
        if failed or len(self._producer):
            raise BrokerAway(f"{self._topic}: {failed[0].str() if failed else 'nothing was taken in time'}")
