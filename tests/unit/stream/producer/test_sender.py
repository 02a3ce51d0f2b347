"""What becomes of records that are handed to Kafka's client."""

import logging

import pytest
from prometheus_client import CollectorRegistry

from stream.producer.damage import Record
from stream.producer.metrics import ProducerMetrics
from tests.unit.stream.producer.made_up import FakeKafka, sender_to

RECORD = Record("one", {"content-type": "image/jpeg", "label": "Äpfel"}, b"bytes")


@pytest.fixture
def kafka() -> FakeKafka:
    return FakeKafka()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> ProducerMetrics:
    return ProducerMetrics(registry, "training")


def test_a_record_is_a_message(
    kafka: FakeKafka, metrics: ProducerMetrics, registry: CollectorRegistry
) -> None:
    """Its id is the key, and counted it is when the broker has it."""
    sender = sender_to(kafka, metrics)
    assert sender.send(RECORD)
    assert (sender.sent, sender.waiting) == (0, 1)
    sender.poll()
    headers = {"content-type": b"image/jpeg", "label": "Äpfel".encode()}
    assert kafka.taken == [("training-data", b"one", b"bytes", headers)]
    assert (sender.sent, sender.waiting, sender.failed) == (1, 0, 0)
    assert registry.get_sample_value("producer_records_total", {"slot": "training"}) == 1


def test_no_record_is_given_up_while_the_broker_is_away(kafka: FakeKafka, metrics: ProducerMetrics) -> None:
    """However long it takes; the queue has a bound, and a record without room is not taken."""
    sender = sender_to(kafka, metrics, most_waiting=2)
    assert kafka.config["message.timeout.ms"] == 0
    assert kafka.config["queue.buffering.max.messages"] == 2
    kafka.is_away = True
    assert [sender.send(RECORD) for _ in range(3)] == [True, True, False]
    sender.poll()
    kafka.is_away = False
    sender.poll()
    assert (sender.sent, sender.failed) == (2, 0)


def test_an_outage_is_said_once_and_so_is_its_end(
    kafka: FakeKafka, metrics: ProducerMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """Not at every try."""
    caplog.set_level(logging.INFO)
    sender = sender_to(kafka, metrics)
    kafka.is_away = True
    sender.send(RECORD)
    for _ in range(3):
        sender.poll()
    assert sender.fault == "_ALL_BROKERS_DOWN: in words"
    kafka.is_away = False
    sender.poll()
    assert sender.fault is None
    assert [one.message for one in caplog.records] == [
        "Kafka takes nothing: _ALL_BROKERS_DOWN: in words",
        "Kafka takes records",
    ]


def test_what_the_broker_refuses_is_counted_by_why(
    kafka: FakeKafka, metrics: ProducerMetrics, registry: CollectorRegistry
) -> None:
    """And is no success."""
    sender = sender_to(kafka, metrics)
    kafka.refuses = "MSG_SIZE_TOO_LARGE"
    sender.send(RECORD)
    sender.poll()
    assert (sender.sent, sender.failed) == (0, 1)
    labels = {"slot": "training", "reason": "MSG_SIZE_TOO_LARGE"}
    assert registry.get_sample_value("producer_failures_total", labels) == 1


def test_what_waits_goes_before_the_end(
    kafka: FakeKafka, metrics: ProducerMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """But an end waits for no broker that is away, and says what is lost."""
    sender = sender_to(kafka, metrics)
    sender.send(RECORD)
    sender.close()
    assert sender.sent == 1
    kafka.is_away = True
    sender.send(RECORD)
    sender.poll()
    sender.close()
    assert caplog.messages[-1] == "1 records were not taken by Kafka, and are lost"
