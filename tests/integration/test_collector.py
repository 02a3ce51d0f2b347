"""The collector before a real broker: each good record is kept once, whatever is killed."""

import random
import re
from pathlib import Path
from uuid import uuid4

import pytest

from tests.integration.collector_program import Stream, collector, rejected_places, running, stored
from tests.integration.kafka_server import KafkaServer
from tests.integration.server_program import ServerProgram
from tests.waiting import until

KILLS = 8


@pytest.fixture
def topic() -> str:
    return f"topic-{uuid4().hex[:8]}"


def number_of(program: ServerProgram, metric: str) -> float:
    found = re.search(rf"^{re.escape(metric)} (\S+)$", program.get("/metrics").text, re.MULTILINE)
    assert found, metric
    return float(found[1])


def wait_for(program: ServerProgram, folder: Path, stream: Stream) -> None:
    """Wait until all that was written is kept."""
    until("all records are kept", lambda: len(stored(folder)) == len(stream.good), 60)
    until("nothing waits", lambda: number_of(program, 'collector_lag_records{slot="training"}') == 0, 30)


def test_killed_again_and_again_it_loses_nothing_and_keeps_nothing_twice(
    kafka: KafkaServer, tmp_path: Path, topic: str
) -> None:
    """At random instants, while records flow."""
    stream, program = Stream(kafka, topic), collector(kafka, tmp_path, topic)
    chance = random.Random(2)
    with running(program):
        for _ in range(KILLS):
            stream.write(300)
            before = len(stored(tmp_path))
            until("it is at work", lambda before=before: len(stored(tmp_path)) > before, 30)  # type: ignore[misc]
            stream.write(chance.randrange(50, 400))
            program.kill()
            program.start()
        program.wait_until_ready()
        wait_for(program, tmp_path, stream)
        kept = stored(tmp_path)
        assert set(kept) == stream.good
        assert max(kept.values()) == 1
        assert len(rejected_places(kafka, topic, stream.bad)) == stream.bad
        assert number_of(program, 'collector_records_total{outcome="stored",slot="training"}') == len(kept)
        reason = 'collector_rejected_total{reason="not_a_row",slot="training"}'
        assert number_of(program, reason) == stream.bad


def test_a_broker_that_hangs_is_waited_for(kafka: KafkaServer, tmp_path: Path, topic: str) -> None:
    """Who looks at readiness hears it, and afterwards all goes on."""
    stream, program = Stream(kafka, topic), collector(kafka, tmp_path, topic)
    with running(program):
        stream.write(100)
        wait_for(program, tmp_path, stream)
        with kafka.paused():
            until("it says so", lambda: program.get("/readyz").status_code == 503, 90)
        until("it is back", lambda: program.get("/readyz").status_code == 200, 90)
        stream.write(100)
        wait_for(program, tmp_path, stream)


def test_a_broker_that_has_lost_all_is_read_from_its_beginning(tmp_path: Path, topic: str) -> None:
    """A topic that was made anew is another source: what it has is not taken for what was read."""
    with KafkaServer(tmp_path).running() as kafka:
        stream, program = Stream(kafka, topic), collector(kafka, tmp_path, topic)
        with running(program):
            stream.write(200)
            wait_for(program, tmp_path, stream)
            with kafka.away():
                until("it says so", lambda: program.get("/readyz").status_code == 503, 60)
            until("it is back", lambda: program.get("/readyz").status_code == 200, 60)
            stream.write(100)
            wait_for(program, tmp_path, stream)
            assert max(stored(tmp_path).values()) == 1


def test_a_second_collector_on_the_same_data_keeps_nothing_twice(
    kafka: KafkaServer, tmp_path: Path, topic: str
) -> None:
    """Somebody has scaled it: they wait for each other."""
    stream, program, other = (
        Stream(kafka, topic),
        collector(kafka, tmp_path, topic),
        collector(kafka, tmp_path, topic),
    )
    with running(program), running(other):
        stream.write(500)
        wait_for(program, tmp_path, stream)
        kept = stored(tmp_path)
        assert set(kept) == stream.good
        assert max(kept.values()) == 1
