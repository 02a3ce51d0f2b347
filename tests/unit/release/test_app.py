"""The program as a whole, around a database and channels that the test has made."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import httpx
import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]
from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry, Gauge

from mongodb.outbox import Delivery, Message, Outbox
from mongodb.store import Store
from release.app import MAX_BODY_BYTES, create_app
from release.settings import ReleaseSettings
from tests.unit.release.fakes import FakeChannel, MemoryOutbox

SETTINGS = ReleaseSettings(notify_interval_seconds=0.05)


class FakeStore(Store):
    """A store that has an outbox in memory."""

    def __init__(self) -> None:
        self.memory = MemoryOutbox()

    def outbox(self, channels: Sequence[str]) -> Outbox:
        """Give the outbox for these channels."""
        self.memory = MemoryOutbox(channels)
        return self.memory

    async def close(self) -> None:
        """Do nothing."""


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until the condition is true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - other code's state
            await asyncio.sleep(0.01)


def client(app: FastAPI) -> httpx.AsyncClient:
    """Talk to the app."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://release")


async def put(store: FakeStore, *keys: str) -> None:
    """Put messages."""
    for key in keys:
        await store.memory.put(Message(key, "", ""), datetime.now(UTC))


async def test_what_is_put_goes_to_every_channel() -> None:
    """Within an interval; the metrics tell of it, with the slot that is shared."""
    store, channels = FakeStore(), [FakeChannel("json_1", "json"), FakeChannel("slack_1", "slack")]
    app = create_app(SETTINGS, store, channels)
    async with app.router.lifespan_context(app), client(app) as http:
        await put(store, "a")
        await until(lambda: all(channel.taken for channel in channels))
        metrics = (await http.get("/metrics")).text
    assert 'notifications_sent_total{channel="slack",outcome="sent",slot="shared"} 1.0' in metrics
    assert 'notifications_sent_total{channel="slack",outcome="given_up",slot="shared"} 0.0' in metrics


async def test_an_outage_is_one_warning_and_passes_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    """The program stays ready: what waits for the database, waits."""
    caplog.set_level("INFO")
    store, channel = FakeStore(), FakeChannel()
    app = create_app(SETTINGS, store, [channel])
    await put(store, "a")
    store.memory.away = True
    async with app.router.lifespan_context(app), client(app) as http:
        await until(lambda: "database is away" in caplog.text)
        await asyncio.sleep(0.2)  # several more runs
        assert (await http.get("/readyz")).status_code == 200
        store.memory.away = False
        await until(lambda: channel.taken)
        await until(lambda: "database is back" in caplog.text)
    assert caplog.text.count("database is away") == 1
    assert "Traceback" not in caplog.text


async def test_a_channel_that_hangs_keeps_neither_others_nor_the_end_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The others get theirs meanwhile, and a stop gives up after its time."""
    monkeypatch.setattr("release.notifications.schedule.STOP_SECONDS", 0.1)
    go = threading.Event()

    class HangingChannel(FakeChannel):
        def send(self, delivery: Delivery) -> str | None:
            go.wait(20)
            return super().send(delivery)

    store, hanging, well = FakeStore(), HangingChannel("json_1"), FakeChannel("json_2")
    app = create_app(SETTINGS, store, [hanging, well])
    async with asyncio.timeout(15), app.router.lifespan_context(app):
        await put(store, "a", "b")
        await until(lambda: len(well.taken) == 2)
    assert hanging.taken == []
    go.set()


async def test_a_body_that_is_too_large_is_refused() -> None:
    """Before anything is parsed of it."""
    app = create_app(SETTINGS, FakeStore(), [])
    async with client(app) as http:
        answer = await http.post(
            "/alerts", content=b" " * (MAX_BODY_BYTES + 1), headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 413


async def test_a_page_of_another_site_tells_nobody_anything() -> None:
    """Its requests are refused."""
    app = create_app(SETTINGS, FakeStore(), [])
    async with client(app) as http:
        answer = await http.post("/alerts", json={}, headers={"Origin": "http://evil.example.org"})
    assert answer.status_code == 403


class CountingPart:
    """A part with a route and a job."""

    def __init__(self) -> None:
        self.ran = 0
        self.stopped = False
        router = APIRouter()
        router.get("/count")(lambda: self.ran)
        self.routers = [router]

    def add_to(self, scheduler: AsyncIOScheduler) -> None:
        scheduler.add_job(self._run, "interval", seconds=60, next_run_time=datetime.now(UTC))

    async def stop(self) -> None:
        self.stopped = True

    async def _run(self) -> None:
        self.ran += 1


async def test_a_part_has_routes_and_jobs_of_its_own() -> None:
    """On the program's scheduler, from its start to its stop; what it measures is among the metrics."""
    part, registry = CountingPart(), CollectorRegistry()
    Gauge("of_the_part", "A part's.", registry=registry).set(7)
    app = create_app(SETTINGS, FakeStore(), [], [part], registry)
    async with app.router.lifespan_context(app), client(app) as http:
        await until(lambda: part.ran)
        assert (await http.get("/count")).json() == 1
        assert "of_the_part 7.0" in (await http.get("/metrics")).text
    assert part.stopped
