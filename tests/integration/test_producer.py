"""`python -m stream.producer` before a real broker."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from confluent_kafka import Consumer, TopicPartition

from examples.tabular.data import FOLDER
from inference.manifest import read_manifest
from stream.topics import read_message
from tests.cleartext import NO_TLS
from tests.integration.kafka_server import KafkaServer
from tests.integration.server_program import ROOT, ServerProgram
from tests.waiting import until
from training_data.reading import read
from training_data.record import Record
from training_data.task import Task

LOANS = FOLDER / "loans/model"


@contextmanager
def producer(kafka: KafkaServer, folder: Path, topic: str) -> Iterator[ServerProgram]:
    """Run a producer of loans."""
    settings = {"KAFKA_BROKERS": kafka.brokers, "TOPIC": topic, "MODEL_PACKAGE": LOANS}
    program = ServerProgram("stream.producer", folder / "producer.log", settings)
    program.start()
    try:
        program.wait_until_ready()
        yield program
    finally:
        program.kill()


def change(program: ServerProgram, **conditions: float) -> None:
    """Change the world."""
    url = f"http://127.0.0.1:{program.port}/world"
    httpx.put(url, json=conditions, timeout=10, verify=NO_TLS).raise_for_status()


def world(program: ServerProgram) -> dict[str, Any]:
    """Return how the world is."""
    answer: dict[str, Any] = program.get("/world").json()
    return answer


def records_in(kafka: KafkaServer, topic: str, count: int) -> list[Record]:
    """Return the first records of a topic's partition, as a collector reads them."""
    task = Task.of(read_manifest(LOANS))
    reader = Consumer(
        {"bootstrap.servers": kafka.brokers, "group.id": "test", "auto.offset.reset": "earliest"}
    )
    reader.assign([TopicPartition(topic, 0, 0)])
    try:
        messages = [one for one in reader.consume(count, 20) if one.error() is None]
    finally:
        reader.close()
    found = [read(read_message(one), task, topic) for one in messages]
    assert all(isinstance(one, Record) for one in found), found
    return [one for one in found if isinstance(one, Record)]


def test_what_it_says_it_sent_is_in_the_topic(kafka: KafkaServer, tmp_path: Path) -> None:
    """Each once, readable, and with an id that a producer started later does not use again."""
    topic = f"test-{uuid4()}"
    for _ in range(2):
        with producer(kafka, tmp_path, topic) as program:
            change(program, rate=200, records=40, drift=1)
            until("all are sent", lambda: world(program)["sent"] == 40)
            assert (world(program)["waiting"], world(program)["failed"]) == (0, 0)
            program.stop()
    assert len({one.id for one in records_in(kafka, topic, 80)}) == 80


def test_a_broker_that_dies_costs_a_pause(tmp_path: Path) -> None:
    """Whatever was not taken yet goes when it is there again; the program stays ready all the time."""
    topic = f"test-{uuid4()}"
    with KafkaServer(tmp_path).running() as kafka, producer(kafka, tmp_path, topic) as program:
        change(program, rate=100)
        until("some are sent", lambda: world(program)["sent"] > 20)
        with kafka.away():
            until("it is noticed", lambda: world(program)["fault"] is not None)
            waiting = world(program)["waiting"]
            until("records wait", lambda: world(program)["waiting"] > waiting)
            assert program.get("/readyz").status_code == 200
        change(program, rate=0)
        until("what waited is sent", lambda: world(program)["waiting"] == 0)
        now = world(program)
        assert (now["failed"], now["fault"]) == (0, None)
        assert now["sent"] == now["made"]


def test_the_command_changes_it_in_one_line(kafka: KafkaServer, tmp_path: Path) -> None:
    """As scripts call it; what is wrong ends it with a sentence."""
    with producer(kafka, tmp_path, f"test-{uuid4()}") as program:
        good, bad = (
            subprocess.run(
                [sys.executable, "-m", "stream.producer.client", "--rate", "100", "--drift", drift],
                cwd=ROOT,
                env=os.environ | {"PRODUCER_URL": f"http://127.0.0.1:{program.port}"},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            for drift in ("0.5", "5")
        )
        assert (good.returncode, good.stdout.count("\n")) == (0, 1)
        assert "100/s, drift 0.5" in good.stdout
        assert bad.returncode == 1
        assert bad.stderr.startswith("error: drift: ")
        assert world(program)["drift"] == 0.5
