"""Records are made as the world's conditions say, whatever the broker does."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from examples.world import World
from stream.producer import production
from stream.producer.conditions import Conditions
from stream.producer.metrics import ProducerMetrics
from stream.producer.production import Production
from stream.producer.worlds import NoWorld
from stream.topics import BrokerAway
from tests.unit.stream.producer.made_up import FakeKafka, NumberedWorld, sender_to, until

FAST = Conditions(rate=1000)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(production, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(production, "POLL_SECONDS", 0.005)


class Stage:
    """A production with a world and a broker of the test's own."""

    def __init__(self) -> None:
        self.kafka = FakeKafka()
        self.world: World | None = NumberedWorld()
        self.topic_fault: str | None = None
        self.prepared = 0
        self.registry = CollectorRegistry()
        metrics = ProducerMetrics(self.registry, "training")
        self.sender = sender_to(self.kafka, metrics, most_waiting=10)
        self.production = Production(
            self.sender, metrics, choose=self._choose, prepare=self._prepare, rng=np.random.default_rng(1)
        )

    def _choose(self) -> World:
        if self.world is None:
            raise NoWorld("there is none")
        return self.world

    def _prepare(self) -> None:
        self.prepared += 1
        if self.topic_fault:
            raise BrokerAway(self.topic_fault)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Production]:
        running = asyncio.create_task(self.production.run())
        try:
            yield self.production
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    @property
    def taken(self) -> int:
        return len(self.kafka.taken)


@pytest.fixture
async def stage() -> Stage:
    return Stage()


async def test_nothing_is_made_before_somebody_asks(stage: Stage) -> None:
    """Nor is the broker asked for anything; then records come until the rate is 0."""
    async with stage.running() as made:
        made.start(0)
        await until(lambda: stage.production.world == "numbers")
        assert (stage.prepared, stage.taken) == (0, 0)
        made.change(FAST)
        await until(lambda: stage.taken > 20)
        made.change(Conditions())
        await until(lambda: stage.sender.waiting == 0)
        count = made.counts.made
        made.change(Conditions(drift=1))
        await until(lambda: stage.taken >= count)
        assert stage.taken - count <= 1  # that which was being drawn
    assert stage.prepared == 1


async def test_it_stops_after_so_many_records(stage: Stage) -> None:
    """And goes on when it is told to, with new ids."""
    async with stage.running() as made:
        made.change(FAST.model_copy(update={"records": 7}))
        await until(lambda: stage.taken == 7)
        assert made.conditions == Conditions()
        made.change(FAST.model_copy(update={"records": 2}))
        await until(lambda: stage.taken == 9)
    assert made.counts.made == 9
    assert len({key for _, key, _, _ in stage.kafka.taken}) == 9


async def test_a_change_counts_for_the_next_record(stage: Stage) -> None:
    """A record that is due in a minute is not waited for."""
    async with stage.running() as made:
        made.change(Conditions(rate=1 / 60, drift=0.25))
        await until(lambda: stage.taken == 1)
        made.change(FAST.model_copy(update={"drift": 0.75}))
        await until(lambda: stage.taken >= 3)
    drifts = [value.split()[1] for _, _, value, _ in stage.kafka.taken]
    assert drifts[0] == b"0.25"
    assert set(drifts[1:]) == {b"0.75"}


async def test_a_change_while_a_record_is_drawn_stays(stage: Stage) -> None:
    """What was asked for last is what counts."""
    assert isinstance(stage.world, NumberedWorld)
    begun, changed = threading.Event(), threading.Event()

    def wait_for_the_change() -> None:
        begun.set()
        assert changed.wait(20)

    stage.world.while_drawing = wait_for_the_change
    async with stage.running() as made:
        made.change(Conditions(rate=1000, records=5))
        await until(begun.is_set)
        made.change(Conditions(drift=0.5))
        changed.set()
        await until(lambda: stage.taken == 1)
        assert made.conditions == Conditions(drift=0.5)


async def test_a_broker_that_is_away_costs_a_pause(stage: Stage) -> None:
    """No more records are made than there is room for, and none is lost."""
    async with stage.running() as made:
        stage.kafka.is_away = True
        made.change(FAST)
        await until(lambda: stage.sender.waiting == 10 and stage.world.drawn == 11)  # type: ignore[union-attr]
        assert stage.sender.fault
        stage.kafka.is_away = False
        await until(lambda: stage.taken > 30)
        made.change(Conditions())
    numbers = [int(value.split()[0]) for _, _, value, _ in stage.kafka.taken]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_the_topic_is_waited_for(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Said once; then records come."""
    async with stage.running() as made:
        stage.topic_fault = "Kafka does not answer"
        made.change(FAST)
        await until(lambda: stage.prepared > 3)
        assert made.fault == "Kafka does not answer"
        assert stage.taken == 0
        stage.topic_fault = None
        await until(lambda: stage.taken > 0)
    assert made.fault is None
    assert caplog.messages.count("records wait: Kafka does not answer") == 1


async def test_a_record_that_cannot_be_drawn_is_counted(stage: Stage) -> None:
    """And the next one is tried."""
    assert isinstance(stage.world, NumberedWorld)
    async with stage.running() as made:
        stage.world.fault = ValueError("a bug")
        made.change(FAST)
        labels = {"slot": "training", "reason": "drawing"}
        await until(lambda: (stage.registry.get_sample_value("producer_failures_total", labels) or 0) >= 2)
        stage.world.fault = None
        await until(lambda: stage.taken > 0)


async def test_wrong_and_damaged_records_are_counted(stage: Stage) -> None:
    """Beside those that are made."""
    async with stage.running() as made:
        made.change(Conditions(rate=1000, noise=1, records=5))
        await until(lambda: made.counts.made == 5)
        made.change(Conditions(rate=1000, damage=1, records=4))
        await until(lambda: made.counts.made == 9)
    assert (made.counts.mislabelled, made.counts.damaged) == (5, 4)


async def test_without_a_world_records_are_refused(stage: Stage) -> None:
    """But a rate of 0 is none, and a package that comes later has its world."""
    stage.world = None
    with pytest.raises(NoWorld):
        stage.production.change(FAST)
    stage.production.change(Conditions(drift=0.5))
    assert (stage.production.world, stage.production.conditions.rate) == (None, 0)
    stage.world = NumberedWorld()
    stage.production.change(FAST)
    assert stage.production.world == "numbers"


async def test_a_start_without_a_world_says_so(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """The program goes on: its operator is told at `GET /world`."""
    stage.world = None
    stage.production.start(50)
    assert stage.production.fault == "there is none"
    assert stage.production.conditions.rate == 0
    assert caplog.messages == ["no records are made: there is none"]


async def test_another_package_is_another_world(stage: Stage) -> None:
    """From the next change on; the same one goes on where it was."""

    class OtherWorld(NumberedWorld):
        name = "others"

    async with stage.running() as made:
        made.change(FAST.model_copy(update={"records": 2}))
        await until(lambda: stage.taken == 2)
        made.change(FAST.model_copy(update={"records": 1}))
        await until(lambda: stage.taken == 3)
        stage.world = OtherWorld()
        made.change(FAST.model_copy(update={"records": 1}))
        await until(lambda: stage.taken == 4)
    runs = [key.rpartition(b"-") for _, key, _, _ in stage.kafka.taken]
    assert [number for _, _, number in runs] == [b"00000001", b"00000002", b"00000003", b"00000001"]
    assert runs[2][0] != runs[3][0]


async def test_a_change_is_logged(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """With what it is now; one that changes nothing is not."""
    caplog.set_level(logging.INFO)
    stage.production.change(Conditions(drift=0.5))
    stage.production.change(Conditions(drift=0.5))
    assert caplog.messages == ["the world changes"]
