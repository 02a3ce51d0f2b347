"""The producer over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from examples.tabular.data import FOLDER
from stream.producer import production
from stream.producer.app import create_app
from stream.producer.settings import ProducerSettings
from tests.unit.stream.producer.made_up import FakeKafka, until

Http = httpx.AsyncClient
LOANS = FOLDER / "loans/model"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(production, "POLL_SECONDS", 0.005)


def app_of(kafka: FakeKafka, package: Path = LOANS, rate: float = 0.0) -> FastAPI:
    settings = ProducerSettings(model_package=package, producer_rate=rate)
    return create_app(settings, connect=kafka.connect, prepare=lambda *_: None)


@pytest.fixture
async def kafka() -> FakeKafka:
    return FakeKafka()


@pytest.fixture
async def http(kafka: FakeKafka) -> AsyncIterator[Http]:
    app = app_of(kafka)
    async with (
        app.router.lifespan_context(app),
        Http(transport=httpx.ASGITransport(app), base_url="http://p") as http,
    ):
        yield http


async def test_at_first_it_makes_none(http: Http) -> None:
    """It is ready, and says which world it plays."""
    assert (await http.get("/readyz")).status_code == 200
    assert (await http.get("/world")).json() == {
        **{"world": "loans", "rate": 0, "drift": 0, "noise": 0, "damage": 0, "records": None},
        **{"made": 0, "damaged": 0, "mislabelled": 0, "sent": 0, "waiting": 0, "failed": 0, "fault": None},
    }


async def test_the_world_is_changed_while_it_runs(http: Http, kafka: FakeKafka) -> None:
    """What is not named stays; what is made goes to the topic, and is counted."""
    answer = await http.put("/world", json={"rate": 1000, "drift": 0.3, "records": 5})
    assert answer.status_code == 200
    assert (answer.json()["rate"], answer.json()["drift"]) == (1000, 0.3)
    await until(lambda: len(kafka.taken) == 5)
    now = (await http.get("/world")).json()
    assert (now["made"], now["waiting"], now["rate"], now["records"], now["drift"]) == (5, 0, 0, None, 0.3)
    assert {topic for topic, *_ in kafka.taken} == {"training-data"}
    metrics = (await http.get("/metrics")).text
    for name, value in (("records_total", 5.0), ("rate", 0.0), ("drift", 0.3)):
        assert f'producer_{name}{{slot="training"}} {value}\n' in metrics


async def test_what_cannot_be_is_422(http: Http) -> None:
    """With what to send; nothing has changed."""
    before = (await http.get("/world")).json()
    answer = await http.put("/world", json={"drift": 2, "noise": 0.5})
    assert answer.status_code == 422
    assert "drift: Input should be less than or equal to 1. Send some of" in answer.json()["detail"]
    assert (await http.get("/world")).json() == before


async def test_a_page_elsewhere_cannot_send_it(http: Http) -> None:
    """What is not declared as JSON is what a browser sends without asking first."""
    answer = await http.put("/world", content=b'{"rate": 5}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


async def test_without_a_world_it_is_409(kafka: FakeKafka, tmp_path: Path) -> None:
    """The program runs, and says at `/world` what is missing."""
    app = app_of(kafka, tmp_path, rate=50)
    async with (
        app.router.lifespan_context(app),
        Http(transport=httpx.ASGITransport(app), base_url="http://p") as http,
    ):
        assert (await http.get("/readyz")).status_code == 200
        now = (await http.get("/world")).json()
        assert (now["world"], now["rate"]) == (None, 0)
        assert "model.toml" in now["fault"]
        answer = await http.put("/world", json={"rate": 5})
        assert answer.status_code == 409
        assert "model.toml" in answer.json()["detail"]


async def test_a_rate_may_be_given_from_the_start(kafka: FakeKafka) -> None:
    """And what waits at the end is still sent."""
    app = app_of(kafka, rate=1000)
    async with app.router.lifespan_context(app):
        await until(lambda: len(kafka.taken) >= 5)
    assert kafka.flushed
    assert len(kafka) == 0


def test_the_settings_have_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """PRODUCER_RATE as the route."""
    monkeypatch.setenv("PRODUCER_RATE", "50")
    assert ProducerSettings().producer_rate == 50
    monkeypatch.setenv("PRODUCER_RATE", "5000")
    with pytest.raises(ValueError, match="less than or equal to 1000"):
        ProducerSettings()
