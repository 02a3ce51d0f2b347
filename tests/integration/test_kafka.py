"""The broker of the plain way does what the training stream asks of Kafka, and what it cannot do is known."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient

from stack.plain.probes import kafka_complaint
from tests.integration.kafka_server import KafkaServer
from tests.waiting import until

PARTITIONS = 3
RECORDS = {f"record-{number}": bytes([number]) * 1000 for number in range(60)}
HEADERS = {"content-type": b"image/jpeg", "label": b"apple", "recorded-at": b"2026-01-01T00:00:00Z"}
QUIET = {"log_level": 0, "reconnect.backoff.max.ms": 100}  # a test takes the broker away


@pytest.fixture
def topic(kafka: KafkaServer) -> Iterator[str]:
    """Make an empty topic, and delete it."""
    name = f"test-{uuid4()}"
    kafka.create_topic(name, PARTITIONS)
    yield name
    kafka.delete_topic(name)


def produce(brokers: str, topic: str, records: dict[str, bytes], headers: dict[str, bytes]) -> None:
    """Produce records, and wait until the broker has each of them."""
    failed: list[KafkaError] = []

    def delivered(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failed.append(error)

    producer = Producer({"bootstrap.servers": brokers, "acks": "all", **QUIET})
    for key, value in records.items():
        producer.produce(topic, value, key, headers=dict(headers), on_delivery=delivered)
    assert producer.flush(20) == 0
    assert not failed


@contextmanager
def consumer(brokers: str, topic: str, group: str) -> Iterator[Consumer]:
    """Give a member of a group, which leaves it in the end; it reads on from what the group has committed."""
    member = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": f"{group} of {topic}",
            "group.protocol": "classic",
            "session.timeout.ms": 3000,  # for half of it Tansu waits for further members
            "heartbeat.interval.ms": 500,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            **QUIET,
        }
    )
    member.subscribe([topic])
    try:
        yield member
    finally:
        member.close()


def consume(member: Consumer, count: int) -> list[Message]:
    """Return so many messages."""
    found: list[Message] = []

    def enough() -> bool:
        found.extend(member.consume(count - len(found), 0.5))
        assert not [one.error() for one in found if one.error()]
        return len(found) == count

    until(f"{count} messages", enough, 30)
    return found


def keys(messages: list[Message]) -> set[str]:
    """Return the keys of messages."""
    return {key.decode() for one in messages if isinstance(key := one.key(), bytes)}


def test_a_message_arrives_as_it_was_sent(kafka: KafkaServer, topic: str) -> None:
    """Key, headers and value; the keys spread over all partitions, and each stays in one."""
    produce(kafka.brokers, topic, RECORDS, HEADERS)
    produce(kafka.brokers, topic, RECORDS, HEADERS)
    with consumer(kafka.brokers, topic, "arrives") as member:
        messages = consume(member, 2 * len(RECORDS))
    places: dict[str, list[int | None]] = {}
    for one in messages:
        (key,) = keys([one])
        assert one.value() == RECORDS[key]
        assert dict(one.headers() or ()) == HEADERS
        places.setdefault(key, []).append(one.partition())
    assert places.keys() == RECORDS.keys()
    assert all(first == second for first, second in places.values())
    assert {first for first, _ in places.values()} == {*range(PARTITIONS)}


def test_an_image_of_900_kilobytes_arrives(kafka: KafkaServer, topic: str) -> None:
    """The largest that a record may have."""
    value = bytes(range(250)) * 3600
    produce(kafka.brokers, topic, {"large": value}, HEADERS)
    with consumer(kafka.brokers, topic, "large") as member:
        (found,) = consume(member, 1)
    assert found.value() == value


def test_a_consumer_goes_on_where_its_group_has_committed(kafka: KafkaServer, topic: str) -> None:
    """What was read and not committed comes again; what was committed does not."""
    produce(kafka.brokers, topic, RECORDS, HEADERS)
    with consumer(kafka.brokers, topic, "goes on") as first:
        read = keys(consume(first, 20))
        first.commit(asynchronous=False)
        consume(first, 20)
    with consumer(kafka.brokers, topic, "goes on") as second:
        rest = keys(consume(second, len(RECORDS) - 20))
    assert read | rest == RECORDS.keys()
    assert not read & rest


def test_groups_read_side_by_side(kafka: KafkaServer, topic: str) -> None:
    """Each gets all of it: the collector's and the one of the statistics."""
    produce(kafka.brokers, topic, RECORDS, HEADERS)
    for group in ("collector", "statistics"):
        with consumer(kafka.brokers, topic, group) as member:
            assert keys(consume(member, len(RECORDS))) == RECORDS.keys()
            member.commit(asynchronous=False)


def test_a_rejected_record_says_why_and_where_it_was(kafka: KafkaServer, topic: str) -> None:
    """In a topic of its own, the reason beside what came."""
    rejected = f"{topic}-rejected"
    kafka.create_topic(rejected, 1)
    produce(kafka.brokers, topic, {"torn": b"no image"}, HEADERS)
    with consumer(kafka.brokers, topic, "rejects") as member:
        (found,) = consume(member, 1)
        place = {"partition": str(found.partition()).encode(), "offset": str(found.offset()).encode()}
        said = HEADERS | {"reason": b"not-an-image", "detail": "kein gültiges JPEG".encode()} | place
        produce(kafka.brokers, rejected, {"torn": b"no image"}, said)
        member.commit(asynchronous=False)
    with consumer(kafka.brokers, rejected, "looks") as member:
        (found,) = consume(member, 1)
    assert (found.key(), found.value()) == (b"torn", b"no image")
    assert dict(found.headers() or ()) == said
    kafka.delete_topic(rejected)


def test_a_message_that_is_too_large_is_refused(kafka: KafkaServer, topic: str) -> None:
    """By the client, before it is sent; the next one is taken."""
    producer = Producer({"bootstrap.servers": kafka.brokers, **QUIET})
    with pytest.raises(KafkaException, match="MSG_SIZE_TOO_LARGE"):
        producer.produce(topic, bytes(1_100_000))
    produce(kafka.brokers, topic, {"next": b"small"}, {})


def test_a_restart_loses_all(tmp_path: Path) -> None:
    """Topics too: they are made anew, and a client that was connected finds them."""
    with KafkaServer(tmp_path).running() as server:
        server.create_topic("lost", PARTITIONS)
        admin = AdminClient({"bootstrap.servers": server.brokers, **QUIET})
        assert "lost" in admin.list_topics(timeout=10).topics
        with server.away():
            assert (kafka_complaint("127.0.0.1", server.port) or "").startswith("no answer")
        assert "lost" not in admin.list_topics(timeout=10).topics
        server.create_topic("lost", PARTITIONS)
        produce(server.brokers, "lost", RECORDS, HEADERS)
        with consumer(server.brokers, "lost", "found") as member:
            assert keys(consume(member, len(RECORDS))) == RECORDS.keys()


def test_a_broker_that_hangs_is_not_ready_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was produced before is there when it goes on."""
    with KafkaServer(tmp_path).running() as server:
        server.create_topic("kept", PARTITIONS)
        produce(server.brokers, "kept", RECORDS, HEADERS)
        with server.paused(), monkeypatch.context() as patch:
            patch.setattr("stack.plain.probes.KAFKA_SECONDS", 0.5)
            assert kafka_complaint("127.0.0.1", server.port) == "no answer (timed out)"
        with consumer(server.brokers, "kept", "after") as member:
            assert keys(consume(member, len(RECORDS))) == RECORDS.keys()
