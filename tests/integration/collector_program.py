"""The collector as a process of its own, and a stream of rows for it, some of which are no records."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition

from examples.tabular.data import FOLDER
from inference.manifest import read_manifest
from stream.topics import read_message
from tests.integration.kafka_server import KafkaServer
from tests.integration.server_program import ServerProgram
from training_data.intake import INBOX
from training_data.shard import read_shard
from training_data.task import Task

PACKAGE = FOLDER / "loans/model"
TASK = Task.of(read_manifest(PACKAGE))
PARTITIONS = 3
BAD_EVERY = 40


class Stream:
    """Writes numbered rows; every fortieth has no features."""

    def __init__(self, kafka: KafkaServer, topic: str) -> None:
        self.topic = topic
        self.sent = 0
        self._random = random.Random(1)
        self._producer = Producer({"bootstrap.servers": kafka.brokers, "acks": "all"})

    @property
    def good(self) -> set[str]:
        """Return the ids of the records that were written and are good."""
        return {f"id-{number}" for number in range(self.sent) if number % BAD_EVERY}

    @property
    def bad(self) -> int:
        """Return how many of them are bad."""
        return self.sent - len(self.good)

    def write(self, count: int) -> None:
        """Write so many more; the broker has them when this returns."""
        for number in range(self.sent, self.sent + count):
            row = {name: self._random.uniform(0, 100) for name in TASK.features}
            headers: dict[str, str | bytes | None] = {
                "content-type": b"application/json",
                "label": TASK.classes[number % 2].encode(),
                "recorded-at": b"2026-11-30T00:00:00Z",
            }
            value = json.dumps(row if number % BAD_EVERY else {}).encode()
            self._producer.produce(self.topic, value, f"id-{number}", headers=headers)
            self._producer.poll(0)
        assert self._producer.flush(30) == 0
        self.sent += count


def collector(kafka: KafkaServer, folder: Path, topic: str) -> ServerProgram:
    """Return the program; it is not started."""
    settings = {
        "KAFKA_BROKERS": kafka.brokers,
        "TOPIC": topic,
        "REJECTED_TOPIC": f"{topic}-rejected",
        "PARTITIONS": PARTITIONS,
        "TRAINING_DATA": folder / "data",
        "MODEL_PACKAGE": PACKAGE,
        "SHARD_RECORDS": 300,
        "SHARD_SECONDS": 0.3,
    }
    return ServerProgram("stream.collector", folder / "collector.log", settings)


@contextmanager
def running(program: ServerProgram) -> Iterator[ServerProgram]:
    """Give it once it is ready; end it in the end."""
    program.start()
    try:
        program.wait_until_ready()
        yield program
    finally:
        program.kill()


def stored(folder: Path) -> Counter[str]:
    """Return how often each record is in a shard."""
    shards = (folder / "data" / TASK.key / INBOX).glob("*.zip")
    return Counter(one.id for shard in shards for one in read_shard(shard, TASK))


def rejected_places(kafka: KafkaServer, topic: str, wanted: int) -> set[tuple[bytes, bytes]]:
    """Return where in the stream those stood that were rejected, once so many are known and no more come.

    Its end is not asked for: Tansu's answer to that is wrong.
    """
    reader = Consumer({"bootstrap.servers": kafka.brokers, "group.id": "test"})
    reader.assign([TopicPartition(f"{topic}-rejected", partition, 0) for partition in range(PARTITIONS)])
    found: set[tuple[bytes, bytes]] = set()
    try:
        while messages := reader.consume(1000, 3 if len(found) >= wanted else 15):
            headers = [read_message(one).headers for one in messages if one.error() is None]
            found |= {(one["partition"], one["offset"]) for one in headers}
    finally:
        reader.close()
    return found
