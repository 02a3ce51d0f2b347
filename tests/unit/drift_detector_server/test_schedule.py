"""The schedule: outages are outlived quietly, and the end is quick."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from drift_detector_server.app import create_app
from drift_detector_server.detectors.detector import Detector, Embeddings, Score
from drift_detector_server.settings import DetectorSettings
from inference.reference import Reference
from mongodb.documents import StoredSample
from mongodb.store import Store
from tests.unit.drift_detector_server.fakes import FixedPackages, MeanDetector, MemoryStore, samples

REFERENCE = Reference(np.zeros((2, 4), dtype=np.float32), "small-cnn", "1", "00")
SETTINGS = DetectorSettings(score_interval_seconds=0.05, window_size=10, window_min_samples=3)


class SlowDetector(MeanDetector):
    """A detector that takes until the test lets it go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go = threading.Event()

    def score(self, batch: Embeddings, p_value_threshold: float) -> Score:
        """Score when told to."""
        self.begun.set()
        self.go.wait(10)
        return super().score(batch, p_value_threshold)


async def old_samples(store: MemoryStore, count: int) -> None:
    """Put samples into the store that were written a minute ago."""
    await store.insert_samples(samples(count))
    minute_ago = f"{int((datetime.now(UTC) - timedelta(minutes=1)).timestamp()):08x}"
    store.samples = [StoredSample(minute_ago + one.position[8:], one.sample) for one in store.samples]


async def until(condition: object, seconds: float = 5) -> None:
    """Wait until the condition, a function, is true."""
    async with asyncio.timeout(seconds):
        while not condition():  # type: ignore[operator]  # noqa: ASYNC110 - other code's state
            await asyncio.sleep(0.01)


class SlowStore(MemoryStore):
    """A store whose answer about what has expired takes until the test lets it come."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.under_way = 0

    async def remove_expired(self, _: datetime) -> None:
        """Answer when told to."""
        self.under_way += 1
        await self.go.wait()
        self.under_way -= 1

    async def close(self) -> None:
        """Refuse where somebody still asks: pymongo would never end."""
        assert not self.under_way


def app_of(detector: Detector, store: Store) -> FastAPI:
    """Build the program around a detector and a store."""
    return create_app(SETTINGS, FixedPackages(detector, REFERENCE), store, lambda: SETTINGS)


def client(app: FastAPI) -> httpx.AsyncClient:
    """Talk to the app."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://detector")


async def test_an_outage_is_one_warning_and_passes_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    """While the database is away one line says so, without a traceback; when it is back, scoring goes on."""
    caplog.set_level("INFO")
    store = MemoryStore()
    await old_samples(store, 10)
    store.away = True
    app = app_of(MeanDetector(), store)
    async with app.router.lifespan_context(app), client(app) as http:
        await until(lambda: "database is away" in caplog.text)
        await asyncio.sleep(0.2)  # several more runs
        assert (await http.get("/results")).status_code == 503
        store.away = False
        await until(lambda: store.results)
        await until(lambda: "database is back" in caplog.text)
    assert caplog.text.count("database is away") == 1
    assert "Traceback" not in caplog.text
    assert len(store.expiry_looked_for) == 1  # once an hour: it reads all samples


async def test_the_store_is_closed_when_nobody_asks_it_any_more() -> None:
    """Whichever job is under way."""
    store = SlowStore()
    async with app_of(MeanDetector(), store).router.lifespan_context(FastAPI()):
        await until(lambda: store.under_way)
        asyncio.get_running_loop().call_later(0.2, store.go.set)
    assert not store.under_way


async def test_while_the_database_is_away_the_slots_package_is_followed() -> None:
    """A reload during an outage changes the reference at once, also before the indexes could be made."""
    store, packages = MemoryStore(), FixedPackages(MeanDetector(), REFERENCE)
    store.away = True
    app = create_app(SETTINGS, packages, store, lambda: SETTINGS)
    async with app.router.lifespan_context(app):
        await until(lambda: packages.looked_with[:2] == [SETTINGS] * 2)


async def test_the_server_answers_while_it_scores() -> None:
    """Health is answered while a window is being scored, and the result comes when it is done."""
    store, detector = MemoryStore(), SlowDetector()
    await old_samples(store, 10)
    app = app_of(detector, store)
    async with app.router.lifespan_context(app), client(app) as http:
        await until(detector.begun.is_set)
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 200
        detector.go.set()
        await until(lambda: store.results)
        [result] = (await http.get("/results")).json()
        assert datetime.now(UTC) - datetime.fromisoformat(result["scored_at"]) < timedelta(seconds=10)
        assert (result["n"], result["drift"], result["detector"]) == (10, False, "mean")


async def test_the_end_waits_for_the_window_that_is_being_scored() -> None:
    """On a stop the running window is finished and stored, and no other is begun."""
    store, detector = MemoryStore(), SlowDetector()
    await old_samples(store, 30)
    app = app_of(detector, store)
    async with app.router.lifespan_context(app):
        await until(detector.begun.is_set)
        asyncio.get_running_loop().call_later(0.2, detector.go.set)
    assert len(store.results) == 1


async def test_the_end_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scoring that takes too long is given up at a stop; its window is left for the next start."""
    monkeypatch.setattr("drift_detector_server.schedule.STOP_SECONDS", 0.1)
    store, detector = MemoryStore(), SlowDetector()
    await old_samples(store, 10)
    app = app_of(detector, store)
    async with asyncio.timeout(3), app.router.lifespan_context(app):
        await until(detector.begun.is_set)
    detector.go.set()
    assert store.results == []


class FailingDetector(MeanDetector):
    """A detector that fails a number of times first."""

    def __init__(self, times: int) -> None:
        self.times = times

    def score(self, batch: Embeddings, p_value_threshold: float) -> Score:
        """Fail, or score."""
        self.times -= 1
        if self.times >= 0:
            raise MemoryError
        return super().score(batch, p_value_threshold)


async def test_a_fault_in_scoring_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """A detector that fails once costs one log line, and its window is scored by the next run."""
    store = MemoryStore()
    await old_samples(store, 10)
    app = app_of(FailingDetector(1), store)
    async with app.router.lifespan_context(app):
        await until(lambda: store.results)
    assert caplog.text.count("could not be scored") == 1


async def test_where_scoring_always_fails_the_backlog_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever looks at the dashboard sees that nothing is worked off."""
    store = MemoryStore()
    await old_samples(store, 12)
    app = app_of(FailingDetector(1000), store)
    async with app.router.lifespan_context(app), client(app) as http:
        await until(lambda: "could not be scored" in caplog.text)
        metrics = (await http.get("/metrics")).text
    (backlog,) = [line for line in metrics.splitlines() if line.startswith("drift_backlog_samples{")]
    assert backlog.endswith(" 12.0")
    assert store.results == []
