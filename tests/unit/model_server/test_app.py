"""The model server's answers, on the colour model and a store in memory."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from inference.backend import Backend, BatchResult, ModelInput
from inference.torch_backend import TorchBackend
from model_server.app import create_apps
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


class HeldBackend:
    """A backend that predicts only when let go; `batches` are those it began."""

    def __init__(self, backend: TorchBackend) -> None:
        self.info = backend.info
        self._backend = backend
        self.go = threading.Event()
        self.batches: list[int] = []

    def predict(self, inputs: Iterable[ModelInput]) -> BatchResult:
        batch = list(inputs)
        self.batches.append(len(batch))
        assert self.go.wait(10)
        return self._backend.predict(batch)


def public(settings: ModelServerSettings, backend: Backend, store: MemoryStore) -> FastAPI:
    return create_apps(settings, lambda: backend, store).public


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
async def client(backend: TorchBackend, store: MemoryStore) -> AsyncIterator[httpx.AsyncClient]:
    settings = ModelServerSettings(slot=SLOT, cpu_threads=1, max_image_pixels=10_000, max_body_bytes=100_000)
    async with serving(public(settings, backend, store)) as client:
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


async def test_a_form_in_a_charset_that_decodes_nothing_is_refused(client: httpx.AsyncClient) -> None:
    """It is the client's mistake, and no crash."""
    form = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'
    declared = {"Content-Type": "multipart/form-data; boundary=x; charset=undefined"}
    response = await client.post("/predict", content=form, headers=declared)
    assert response.status_code == 422
    assert "cannot be read" in response.json()["detail"]


async def test_a_raw_body_is_an_image(client: httpx.AsyncClient) -> None:
    """`curl --data-binary @photo.png -H 'Content-Type: image/png'` is enough."""
    for content_type in ("image/png", "application/octet-stream"):
        response = await client.post(
            "/predict", content=colour_image("blue"), headers={"Content-Type": content_type}
        )
        assert response.json()["likely_class"] == "blue"
        assert (response.json()["filename"], response.json()["content_type"]) == (None, content_type)


async def test_several_files_are_answered_as_a_list_in_their_order(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    """Each with its own name; one that is no image refuses them all, and says which it is."""
    colours = ["red", "green", "blue", "green"]
    files = [("file", (f"{colour}.png", colour_image(colour), "image/png")) for colour in colours]
    answers = (await client.post("/predict", files=files)).json()
    assert [answer["likely_class"] for answer in answers] == colours
    assert [answer["filename"] for answer in answers] == [f"{colour}.png" for colour in colours]
    refused = await client.post("/predict", files=[*files, ("file", ("x.png", b"no image", "image/png"))])
    assert refused.status_code == 415
    assert "File 5 of 5" in refused.json()["detail"]
    refused = await client.post("/predict", files=files * 20)
    assert refused.status_code == 400
    assert "Too many files" in refused.json()["detail"]


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


async def test_each_prediction_is_sampled(backend: TorchBackend, store: MemoryStore) -> None:
    """The sample has the request's id and the embedding of the very pass that answered."""
    settings = ModelServerSettings(slot=SLOT, cpu_threads=1)
    async with serving(public(settings, backend, store)) as client:
        await client.post("/predict", files=upload(colour_image("red")), headers={"X-Request-ID": "s-1"})
    (sample,) = store.samples
    assert (sample.request_id, sample.slot, sample.label) == ("s-1", SLOT, "red")
    assert sample.embedding == pytest.approx([230 / 255, 20 / 255, 20 / 255], abs=1e-6)
    assert sample.created_at.tzinfo is not None


async def test_at_rate_zero_nothing_is_sampled(backend: TorchBackend, store: MemoryStore) -> None:
    """Whoever wants no samples gets none."""
    settings = ModelServerSettings(slot=SLOT, cpu_threads=1, sample_rate=0)
    async with serving(public(settings, backend, store)) as client:
        await client.post("/predict", files=upload(colour_image("red")))
    assert store.samples == []


async def test_faults_are_injected_only_when_asked_for(backend: TorchBackend, store: MemoryStore) -> None:
    """A load test that wants errors switches them on."""
    settings = ModelServerSettings(slot=SLOT, cpu_threads=1, fault_injection=True)
    async with serving(public(settings, backend, store)) as client:
        response = await client.post("/predict", files=upload(b"x", "fake_server_error/x"))
    assert response.status_code == 500


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a worker thread sets no asyncio.Event
            await asyncio.sleep(0.005)


async def test_a_full_queue_answers_503_at_once(backend: TorchBackend, store: MemoryStore) -> None:
    """The bound holds, the client learns when to come back, and those who wait are answered."""
    held = HeldBackend(backend)
    settings = ModelServerSettings(slot=SLOT, cpu_threads=1, queue_size=2)
    async with serving(public(settings, held, store)) as client:
        first = asyncio.create_task(client.post("/predict", files=upload(colour_image("red"))))
        await until(lambda: held.batches == [1])
        posts = [
            asyncio.create_task(client.post("/predict", files=upload(colour_image("red")))) for _ in range(3)
        ]
        done, waiting = await asyncio.wait(posts, return_when=asyncio.FIRST_COMPLETED)
        refused = done.pop().result()
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        held.go.set()
        assert [post.status_code for post in await asyncio.gather(first, *waiting)] == [200, 200, 200]
    assert held.batches == [1, 2]  # those who waited went together


async def test_whoever_waits_too_long_is_told(backend: TorchBackend, store: MemoryStore) -> None:
    """Past the deadline the answer is a 503, and the model is not asked."""
    held = HeldBackend(backend)
    settings = ModelServerSettings(slot=SLOT, cpu_threads=1, queue_deadline_seconds=0.05)
    async with serving(public(settings, held, store)) as client:
        first = asyncio.create_task(client.post("/predict", files=upload(colour_image("red"))))
        await until(lambda: held.batches == [1])
        late = asyncio.create_task(client.post("/predict", files=upload(colour_image("red"))))
        await asyncio.sleep(0.1)  # the deadline itself
        held.go.set()
        assert (await first).status_code == 200
        refused = await late
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert "too long" in refused.json()["detail"]
    assert held.batches == [1]


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


async def test_readiness_ends_with_the_drain(backend: TorchBackend, store: MemoryStore) -> None:
    """A server that stops says so to whoever still asks."""
    app = public(ModelServerSettings(slot=SLOT, cpu_threads=1), backend, store)
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
