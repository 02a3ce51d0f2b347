"""Samples are written beside the requests; an absent database costs the requests nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from bson import ObjectId
from prometheus_client import CollectorRegistry

from model_server.metrics import ModelMetrics
from model_server.samples import writer as sample_writer
from model_server.samples.writer import SampleWriter
from mongodb.documents import Sample
from mongodb.errors import SamplesRejected, StoreUnavailable
from mongodb.feedback import LabelledPackage


class SwitchedStore:
    """A store in memory that the test switches off, slows down, or makes picky."""

    def __init__(self) -> None:
        self.samples: dict[object, Sample] = {}
        self.packages: list[tuple[LabelledPackage, int]] = []  # each with the samples that were there before
        self.away = False
        self.open = asyncio.Event()
        self.open.set()
        self.refused = 0
        self.attempts = 0
        self.fault: Exception | None = None

    async def insert_samples(self, samples: Sequence[Sample]) -> None:
        await self.open.wait()
        self.attempts += 1
        if self.fault:
            fault, self.fault = self.fault, None
            raise fault
        if self.away:
            raise StoreUnavailable("switched off")
        self.samples |= {sample.id: sample for sample in samples}
        if self.refused:
            raise SamplesRejected(self.refused)

    async def note_package(self, package: LabelledPackage) -> None:
        if self.away:
            raise StoreUnavailable("switched off")
        self.packages.append((package, len(self.samples)))

    async def close(self) -> None:
        """Nothing to close."""


class Setting:
    """A writer with a queue of 10 on a switched store, and its counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.store = SwitchedStore()
        metrics = ModelMetrics(self.registry, "model_server")
        self.writer = SampleWriter(self.store, metrics, queue_size=10)

    def offer(self, count: int) -> None:
        for number in range(count):
            self.writer.offer(make_sample(str(number)))

    def written(self, traffic: str = "user") -> float:
        return self.count("samples_written_total", traffic=traffic)

    def dropped(self, reason: str) -> float:
        return self.count("samples_dropped_total", reason=reason)

    def count(self, name: str, **labels: str) -> float:
        value = self.registry.get_sample_value(name, {"slot": "model_server", **labels})
        assert value is not None
        return value


def make_sample(request_id: str) -> Sample:
    now = datetime.now(UTC)
    embedding = np.ones(3, dtype=np.float32)
    return Sample(request_id, "model_server", "colour", "1", "a" * 64, now, embedding, "red", 0.9)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the condition is another's, there is no event to wait for
            await asyncio.sleep(0.005)


@pytest.fixture
async def setting(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Setting]:
    for name in ("GATHER_SECONDS", "FIRST_PAUSE_SECONDS", "LONGEST_PAUSE_SECONDS"):
        monkeypatch.setattr(sample_writer, name, 0.01)
    setting = Setting()
    running = asyncio.create_task(setting.writer.run())
    yield setting
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_offered_samples_are_written(setting: Setting) -> None:
    """Each is stored once and counted."""
    setting.offer(7)
    await until(lambda: setting.written() == 7)
    assert len(setting.store.samples) == 7


async def test_an_outage_drops_only_what_does_not_fit(setting: Setting) -> None:
    """During the outage the queue keeps what it can; afterwards it is written by itself."""
    setting.store.away = True
    setting.offer(25)
    assert setting.dropped("queue_full") == 15
    setting.store.away = False
    await until(lambda: setting.written() == 10)
    assert len(setting.store.samples) == 10


async def test_an_outage_is_logged_once_and_so_is_its_end(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    """With the reason, whatever the number of attempts; the next outage again."""
    caplog.set_level("INFO")
    for outage in (1, 2):
        setting.store.away, setting.store.attempts = True, 0
        setting.offer(3)
        await until(lambda: setting.store.attempts > 3)
        setting.store.away = False
        await until(lambda outage=outage: setting.written() == 3 * outage)  # type: ignore[misc]
    lines = [(record.getMessage(), getattr(record, "reason", None)) for record in caplog.records]
    assert lines == 2 * [
        ("samples wait, MongoDB is away", "switched off"),
        ("samples are written again", None),
    ]


async def test_after_an_outage_batches_are_gathered_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause is over with the outage, and grows from the first one at the next."""
    pauses: list[float] = []
    setting = Setting()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        setting.store.away = len(pauses) not in {3, 4}
        if len(pauses) == 6:
            raise asyncio.CancelledError

    monkeypatch.setattr(asyncio, "sleep", pause)
    monkeypatch.setattr(sample_writer, "BATCH_SIZE", 1)
    setting.offer(10)
    with suppress(asyncio.CancelledError):
        await setting.writer.run()
    assert pauses == [0.2, 0.5, 1, 0.2, 0.2, 0.5]


async def test_in_an_outage_the_writer_asks_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pause is twice the last one, up to the longest."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 7:
            raise asyncio.CancelledError

    monkeypatch.setattr(asyncio, "sleep", pause)
    setting = Setting()
    setting.store.away = True
    setting.offer(1)
    with suppress(asyncio.CancelledError):
        await setting.writer.run()
    assert pauses == [0.2, 0.5, 1, 2, 4, 5, 5]


async def test_a_slow_database_holds_up_nobody(setting: Setting) -> None:
    """While a write hangs, offering goes on and is bounded."""
    setting.store.open.clear()
    setting.offer(5)
    await asyncio.sleep(0.05)  # the writer now hangs inside the store
    setting.offer(20)
    assert setting.dropped("queue_full") == 15
    setting.store.open.set()
    await until(lambda: setting.written() == 10)


async def test_rejected_samples_are_counted_and_passed(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    """What the database never accepts does not block what comes after."""
    setting.store.refused = 2
    setting.offer(5)
    await until(lambda: setting.dropped("rejected") == 2)
    [record] = caplog.records
    assert (record.getMessage(), vars(record)["samples"]) == ("samples rejected by the database", 2)
    setting.store.refused = 0
    setting.offer(5)
    await until(lambda: setting.written() == 8)


async def test_a_fault_of_ours_does_not_end_the_writing(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    """The next samples are written all the same."""
    setting.store.fault = ZeroDivisionError()
    setting.offer(1)
    await until(lambda: setting.dropped("rejected") == 1)
    assert caplog.messages == ["samples could not be written"]
    assert "ZeroDivisionError" in caplog.text
    setting.offer(1)
    await until(lambda: setting.written() == 1)


async def test_shutdown_writes_what_waits() -> None:
    """A server that is told to stop leaves nothing behind if the database answers."""
    setting = Setting()
    setting.offer(10)
    await setting.writer.drain(seconds=1)
    assert setting.written() == 10


async def test_shutdown_does_not_wait_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    """Without a database the stop takes its bound, and the loss is counted and said."""
    setting = Setting()
    setting.store.away = True
    setting.offer(10)
    await setting.writer.drain(seconds=0.1)
    assert setting.dropped("shutdown") == 10
    [_, last] = caplog.records
    assert (last.getMessage(), vars(last)["samples"]) == ("samples dropped at shutdown", 10)


async def test_a_packages_classes_are_written_before_its_samples(setting: Setting) -> None:
    """Whoever finds a sample finds its classes, also where the database was away at first."""
    packages = [LabelledPackage(name * 64, "colour", name, ("red", "blue")) for name in "ab"]
    setting.store.away = True
    setting.writer.announce(packages[0])
    setting.offer(2)
    await asyncio.sleep(0.05)  # several attempts
    setting.store.away = False
    await until(lambda: setting.written() == 2)
    setting.writer.announce(packages[1])
    setting.offer(1)
    await until(lambda: setting.written() == 3)
    assert setting.store.packages == [(packages[0], 0), (packages[1], 2)]


async def test_the_samples_of_trials_are_counted_apart(setting: Setting) -> None:
    """What waits for the detector is known from what users' requests have left."""
    for traffic in ("shadow", "user", "shadow"):
        setting.writer.offer(replace(make_sample("r"), traffic=traffic, id=ObjectId()))
    await until(lambda: len(setting.store.samples) == 3)
    await until(lambda: setting.written() == 1)
    assert (setting.written("shadow"), setting.written("test")) == (2, 0)
