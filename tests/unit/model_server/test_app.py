"""The model server's answers, on the colour model and a store in memory."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
import torch
from fastapi import FastAPI

from model_server.app import create_app
from model_server.classifier import Classifier, Predictions
from model_server.settings import ModelServerSettings
from mongodb.documents import Sample
from tests.colour_model import colour_image

SLOT = "model_server_new"


class MemoryStore:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []

    async def insert_samples(self, samples: Sequence[Sample]) -> None:
        self.samples += samples

    async def close(self) -> None:
        """Nothing to close."""


class HeldClassifier:
    """A classifier that answers only when let go."""

    def __init__(self, classifier: Classifier) -> None:
        self.package = classifier.package
        self._classifier = classifier
        self.go = threading.Event()

    def predict(self, batch: torch.Tensor) -> Predictions:
        assert self.go.wait(10)
        return self._classifier.predict(batch)


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield client


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def client(classifier: Classifier, store: MemoryStore) -> AsyncIterator[httpx.AsyncClient]:
    settings = ModelServerSettings(slot=SLOT, cpu_threads=1, max_image_pixels=10_000, max_body_bytes=100_000)
    async with serving(create_app(settings, classifier, store)) as client:
        yield client


def upload(data: bytes, content_type: str = "image/png") -> dict[str, tuple[str, bytes, str]]:
    return {"file": ("picture.png", data, content_type)}


async def test_an_image_is_answered_in_the_contracts_form(client: httpx.AsyncClient) -> None:
    """Label, confidence, every class's share, and who answered."""
    response = await client.post(
        "/predict", files=upload(colour_image("green")), headers={"X-Request-ID": "r-1"}
    )
    answer = response.json()
    assert response.status_code == 200
    assert answer["likely_class"] == "green"
    assert answer["probability"] == max(answer["probabilities"].values())
    assert set(answer["probabilities"]) == {"red", "green", "blue"}
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    expected = {"filename": "picture.png", "content_type": "image/png", "request_id": "r-1", "slot": SLOT}
    assert answer.items() >= {**expected, "model": "colour", "version": "1"}.items()
    headers = {"x-request-id": "r-1", "x-slot": SLOT, "x-model": "colour", "x-model-version": "1"}
    assert response.headers.items() >= headers.items()


@pytest.mark.parametrize(
    ("data", "content_type", "status", "hint"),
    [
        (b"no image", "image/png", 415, "none of JPEG"),
        (b"no image", "text/plain", 415, "Send an image"),
        (colour_image("red", "JPEG")[:300], "image/jpeg", 415, "cannot be decoded"),
        (colour_image("red", size=(200, 100)), "image/png", 413, "200 x 100"),
        (b"x" * 200_000, "image/png", 413, "larger than"),
        (b"x", "fake_server_error/x", 415, "Send an image"),
    ],
)
async def test_a_bad_upload_is_refused_with_a_reason(
    client: httpx.AsyncClient, data: bytes, content_type: str, status: int, hint: str
) -> None:
    """Each refusal is a problem document that says what to do."""
    response = await client.post("/predict", files=upload(data, content_type))
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert hint in response.json()["detail"]
    assert response.json()["request_id"] == response.headers["x-request-id"]


async def test_no_file_is_422(client: httpx.AsyncClient) -> None:
    """An absent part, an empty form and another body are the same mistake."""
    for request in ({}, {"data": {"file": "text"}}, {"json": {"file": 1}}):
        response = await client.post("/predict", **request)
        assert response.status_code == 422, request
        assert "file" in response.json()["detail"]


async def test_an_undeclared_type_is_judged_by_its_bytes(client: httpx.AsyncClient) -> None:
    """A client that does not know the type need not guess it."""
    response = await client.post("/predict", files=upload(colour_image("blue"), "application/octet-stream"))
    assert response.json()["likely_class"] == "blue"


async def test_each_prediction_is_sampled(classifier: Classifier, store: MemoryStore) -> None:
    """The sample has the request's id and the embedding of the very pass that answered."""
    settings = ModelServerSettings(slot=SLOT, cpu_threads=1)
    async with serving(create_app(settings, classifier, store)) as client:
        await client.post("/predict", files=upload(colour_image("red")), headers={"X-Request-ID": "s-1"})
    (sample,) = store.samples
    assert (sample.request_id, sample.slot, sample.label) == ("s-1", SLOT, "red")
    assert sample.embedding == pytest.approx([230 / 255, 20 / 255, 20 / 255], abs=1e-6)
    assert sample.created_at.tzinfo is not None


async def test_at_rate_zero_nothing_is_sampled(classifier: Classifier, store: MemoryStore) -> None:
    """Whoever wants no samples gets none."""
    settings = ModelServerSettings(slot=SLOT, cpu_threads=1, sample_rate=0)
    async with serving(create_app(settings, classifier, store)) as client:
        await client.post("/predict", files=upload(colour_image("red")))
    assert store.samples == []


async def test_faults_are_injected_only_when_asked_for(classifier: Classifier, store: MemoryStore) -> None:
    """A load test that wants errors switches them on."""
    settings = ModelServerSettings(slot=SLOT, cpu_threads=1, fault_injection=True)
    async with serving(create_app(settings, classifier, store)) as client:
        response = await client.post("/predict", files=upload(b"x", "fake_server_error/x"))
    assert response.status_code == 500


async def test_a_full_queue_answers_503_at_once(classifier: Classifier, store: MemoryStore) -> None:
    """The bound holds, the client learns when to come back, and those who wait are answered."""
    held = HeldClassifier(classifier)
    settings = ModelServerSettings(slot=SLOT, cpu_threads=1, queue_size=2)
    async with serving(create_app(settings, held, store)) as client:  # type: ignore[arg-type]
        posts = [
            asyncio.create_task(client.post("/predict", files=upload(colour_image("red")))) for _ in range(3)
        ]
        done, waiting = await asyncio.wait(posts, return_when=asyncio.FIRST_COMPLETED)
        refused = done.pop().result()
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        held.go.set()
        assert [response.status_code for response in await asyncio.gather(*waiting)] == [200, 200]


async def test_metrics_tell_what_was_predicted(client: httpx.AsyncClient) -> None:
    """Every class has a series from the start."""
    await client.post("/predict", files=upload(colour_image("red")))
    text = (await client.get("/metrics")).text
    labels = 'label="%s",model="colour",slot="model_server_new",version="1"'
    assert f"predictions_total{{{labels % 'red'}}} 1.0" in text
    assert f"predictions_total{{{labels % 'blue'}}} 0.0" in text
    assert 'prediction_confidence_count{slot="model_server_new"} 1.0' in text
    assert 'inference_duration_seconds_count{slot="model_server_new"} 1.0' in text
    assert 'model_info{model="colour",sha256="' in text


async def test_readiness_ends_with_the_drain(classifier: Classifier, store: MemoryStore) -> None:
    """A server that stops says so to whoever still asks."""
    app = create_app(ModelServerSettings(slot=SLOT, cpu_threads=1), classifier, store)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/readyz")).status_code == 503
        async with app.router.lifespan_context(app):
            assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503


async def test_the_page_needs_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    """It works in a closed network."""
    response = await client.get("/")
    assert response.status_code == 200
    assert "http://" not in response.text
    assert "https://" not in response.text
