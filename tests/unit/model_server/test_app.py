"""The model server's answers, on the colour model and a store in memory."""

import asyncio
import base64
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from inference.backend import Backend, BatchResult, CostsTooMuch, ModelInput, PredictAlone
from inference.torch_backend import TorchBackend
from model_server.app import create_apps
from model_server.settings import ModelServerSettings
from service.app import process_registry
from service.hand_over import ANSWER_SECONDS
from tests.colour_model import colour_image
from tests.unit.model_server.fakes import MemoryStore

SLOT = "model_server_new"
TOKEN = "a-token-of-the-tests"


class HeldBackend:
    """A backend that predicts only when let go; `batches` are those it began."""

    def __init__(self, backend: TorchBackend) -> None:
        self.info = backend.info
        self._backend = backend
        self.go = threading.Event()
        self.batches: list[int] = []

    def predict(self, inputs: Iterable[ModelInput], *, alone: PredictAlone | None = None) -> BatchResult:  # noqa: ARG002
        batch = list(inputs)
        self.batches.append(len(batch))
        assert self.go.wait(10)
        return self._backend.predict(batch)


def public(settings: ModelServerSettings, backend: Backend, store: MemoryStore) -> FastAPI:
    return create_apps(settings, lambda: backend, store, process_registry()).public


def internal(backend: Backend, store: MemoryStore) -> FastAPI:
    settings = ModelServerSettings(slot=SLOT, cpu_threads=1, release_token=SecretStr(TOKEN))
    return create_apps(settings, lambda: backend, store, process_registry()).internal


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


@pytest.mark.parametrize(
    ("path", "declared"),
    [
        ("/predict", "text/plain"),
        ("/v2/models/colour/infer", "text/plain"),
        ("/v2/models/colour/infer", "application/x-www-form-urlencoded"),
        ("/v2/models/colour/infer", "multipart/form-data; boundary=b"),
    ],
)
async def test_a_body_of_another_type_is_refused_unread(
    client: httpx.AsyncClient, path: str, declared: str
) -> None:
    """Those are the types that browsers send for any page; the answer says which type to send."""
    response = await client.post(path, content=colour_image("red"), headers={"Content-Type": declared})
    assert response.status_code == 415
    said = response.json()
    assert "Send" in said.get("detail", said.get("error"))


async def test_the_protocols_own_client_need_not_declare_a_type(client: httpx.AsyncClient) -> None:
    """tritonclient declares none."""
    image = base64.b64encode(colour_image("red")).decode()
    body = {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": [image]}]}
    response = await client.post("/v2/models/colour/infer", content=json.dumps(body))
    assert response.json()["outputs"][0]["data"] == ["red"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Content-Type": "application/json"}, 200),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=b"}, 415),
        ({"Origin": "http://stranger.net"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "stranger.net"}, 421),
    ],
)
async def test_a_page_in_this_machines_browser_cannot_reload_the_model(
    backend: TorchBackend, store: MemoryStore, headers: dict[str, str], status: int
) -> None:
    """The internal listener takes orders from programs only, also with their token."""
    async with serving(internal(backend, store)) as client:
        for path in ("/v2/repository/index", "/v2/repository/models/colour/load"):
            sent = {**headers, "Authorization": f"Bearer {TOKEN}"}
            assert (await client.post(path, headers=sent)).status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer another-one-of-16"},
        {"Authorization": f"Basic {TOKEN}"},
    ],
)
async def test_who_lacks_the_token_cannot_reload_the_model(
    backend: TorchBackend, store: MemoryStore, headers: dict[str, str]
) -> None:
    """What is served may be looked at; the answer says what to send, and never the token."""
    async with serving(internal(backend, store)) as client:
        assert (await client.post("/v2/repository/index", headers=headers)).status_code == 200
        refused = await client.post("/v2/repository/models/colour/load", headers=headers)
    assert (refused.status_code, refused.headers["www-authenticate"][:6]) == (401, "Bearer")
    assert "token" in refused.json()["error"].lower()
    assert TOKEN not in refused.text


async def test_the_internal_listener_answers_to_its_services_name(
    backend: TorchBackend, store: MemoryStore
) -> None:
    """As the controller reaches it, by the name in Compose or by a container's address."""
    async with serving(internal(backend, store)) as client:
        for host in ("model_server:8002", "model_server_new:8002", "172.18.0.5:8002"):
            headers = {"Host": host, "Authorization": f"Bearer {TOKEN}"}
            answer = await client.post("/v2/repository/models/colour/load", headers=headers)
            assert answer.status_code == 200


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


async def test_each_files_sample_has_its_place(backend: TorchBackend, store: MemoryStore) -> None:
    """The files share the request's id, so the place tells them apart."""
    settings = ModelServerSettings(slot=SLOT, cpu_threads=1)
    colours = ["red", "green", "blue"]
    files = [("file", (f"{colour}.png", colour_image(colour), "image/png")) for colour in colours]
    async with serving(public(settings, backend, store)) as client:
        await client.post("/predict", files=files)
    assert [(sample.row, sample.label) for sample in store.samples] == list(enumerate(colours))


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


async def test_a_server_whose_model_is_stuck_is_not_ready(
    backend: TorchBackend, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After ten seconds without a result, here a moment; and it is again once there is one."""
    monkeypatch.setattr("model_server.app.LONGEST_STALL_SECONDS", 0.05)
    held = HeldBackend(backend)
    async with serving(public(ModelServerSettings(slot=SLOT, cpu_threads=1), held, store)) as client:
        stuck = asyncio.create_task(client.post("/predict", files=upload(colour_image("red"))))
        await until(lambda: held.batches == [1])
        await asyncio.sleep(0.06)  # the bound itself
        refused = await client.get("/readyz")
        held.go.set()
        assert (await stuck).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
    assert refused.status_code == 503
    assert "no prediction has come to an end" in refused.json()["detail"]


@pytest.fixture
def held(backend: TorchBackend, monkeypatch: pytest.MonkeyPatch) -> HeldBackend:
    """A model that is held; nginx waits for less time than in earnest."""
    monkeypatch.setitem(ANSWER_SECONDS, "short", 0.05)
    monkeypatch.setitem(ANSWER_SECONDS, "last", 0.05)
    return HeldBackend(backend)


async def post_behind(
    app: FastAPI, held: HeldBackend, patience: str | None, images: int = 1
) -> httpx.Response:
    """Return what a request is answered while the model is held by another one."""
    headers = {} if patience is None else {"X-Patience": patience}
    async with serving(app) as client:
        first = asyncio.create_task(client.post("/predict", files=upload(colour_image("red"))))
        await until(lambda: len(held.batches) == 1)
        files = [*upload(colour_image("red")).items()] * images
        late = asyncio.create_task(client.post("/predict", files=files, headers=headers))
        await asyncio.wait([late], timeout=1)
        held.go.set()
        assert (await first).status_code == 200
        return await late


@pytest.mark.parametrize(
    ("patience", "images", "expected"),
    [
        ("short", 1, (503, "@another_slot")),
        ("short", 3, (503, "@patient")),
        ("last", 1, (503, None)),
        ("last", 3, (503, "@patient")),
        ("long", 3, (200, None)),
        (None, 1, (200, None)),
        (None, 3, (200, None)),
    ],
)
async def test_what_comes_too_late_for_nginx_is_handed_over(
    held: HeldBackend, store: MemoryStore, patience: str | None, images: int, expected: tuple[int, str | None]
) -> None:
    """One image to another slot, many to a longer wait; who asks without nginx waits as long as they like."""
    app = public(ModelServerSettings(slot=SLOT, cpu_threads=1), held, store)
    answer = await post_behind(app, held, patience, images)
    assert (answer.status_code, answer.headers.get("x-accel-redirect")) == expected


@pytest.mark.parametrize(
    ("patience", "location"),
    [("short", "@another_slot"), ("long", "@another_slot"), ("last", None), (None, None)],
)
async def test_a_refusal_tells_nginx_to_ask_another_slot(
    backend: TorchBackend, store: MemoryStore, patience: str | None, location: str | None
) -> None:
    """A full queue is this slot's own; a client without nginx is just refused."""
    held = HeldBackend(backend)
    app = public(ModelServerSettings(slot=SLOT, cpu_threads=1, queue_deadline_seconds=0.05), held, store)
    refused = await post_behind(app, held, patience)
    assert (refused.status_code, refused.headers.get("x-accel-redirect")) == (503, location)
    assert "too long" in refused.json()["detail"]


class CostlyBackend(HeldBackend):
    """Wants every image alone, and holds those."""

    def predict(self, inputs: Iterable[ModelInput], *, alone: PredictAlone | None = None) -> BatchResult:
        batch = list(inputs)
        if not alone:
            return BatchResult([PredictAlone() for _ in batch], [])
        return super().predict(batch)


async def test_a_costly_image_is_nobody_else_s_to_answer(backend: TorchBackend, store: MemoryStore) -> None:
    """Behind others that cost much it is refused, and no other slot is asked."""
    held = CostlyBackend(backend)
    app = public(ModelServerSettings(slot=SLOT, cpu_threads=1, queue_deadline_seconds=0.05), held, store)
    refused = await post_behind(app, held, "short")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert "x-accel-redirect" not in refused.headers


async def test_an_image_that_costs_too_much_is_the_client_s_to_mend(
    backend: TorchBackend, store: MemoryStore
) -> None:
    """The answer says what is wrong with it, and what to do."""

    class Refusing(CostlyBackend):
        def predict(self, inputs: Iterable[ModelInput], *, alone: PredictAlone | None = None) -> BatchResult:
            answer = super().predict(inputs, alone=alone)
            return BatchResult([CostsTooMuch("it takes more than 2 s")], []) if alone else answer

    held = Refusing(backend)
    held.go.set()
    async with serving(public(ModelServerSettings(slot=SLOT, cpu_threads=1), held, store)) as client:
        refused = await client.post("/predict", files=upload(colour_image("red")))
    assert refused.status_code == 422
    assert "more than 2 s" in refused.json()["detail"]
    assert "smaller" in refused.json()["detail"]


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


async def test_a_server_is_ready_once_it_has_started(backend: TorchBackend, store: MemoryStore) -> None:
    """And not before."""
    app = public(ModelServerSettings(slot=SLOT, cpu_threads=1), backend, store)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/readyz")).status_code == 503
        async with app.router.lifespan_context(app):
            assert (await client.get("/readyz")).status_code == 200


async def test_the_page_needs_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    """It works in a closed network."""
    response = await client.get("/")
    assert response.status_code == 200
    assert "http://" not in response.text
    assert "https://" not in response.text


async def test_the_page_offers_the_formats_that_are_taken(backend: TorchBackend, store: MemoryStore) -> None:
    """Else people choose a file only to be told that it is none of them."""
    settings = ModelServerSettings(slot=SLOT, cpu_threads=1, image_formats=("PNG", "TIFF"))
    async with serving(public(settings, backend, store)) as client:
        assert 'accept="image/png,image/tiff"' in (await client.get("/")).text


@pytest.mark.parametrize("sent", ["forced", "test", "shadow", "user", "Shadow", "", "stranger", None])
async def test_trial_requests_are_counted_apart(
    backend: TorchBackend, store: MemoryStore, sent: str | None
) -> None:
    """Where nginx says that a request is no user's; what it cannot have said is a user's."""
    settings, registry = ModelServerSettings(slot=SLOT, cpu_threads=1), process_registry()
    app = create_apps(settings, lambda: backend, store, registry).public
    headers = {} if sent is None else {"X-Traffic": sent}
    async with serving(app) as client:
        await client.post("/predict", files=upload(colour_image("red")), headers=headers)
        await client.post("/predict", files=upload(b"", "text/plain"), headers=headers)
    is_trial = sent in {"forced", "test", "shadow"}
    assert [one.traffic for one in store.samples] == [sent if is_trial else "user"]

    def value(name: str, **labels: str) -> float:
        return registry.get_sample_value(name, {"slot": SLOT, **labels}) or 0

    users = {"method": "POST", "path": "/predict"}
    expected = (0, 0, 0) if is_trial else (1, 1, 2)
    assert expected == (
        value("http_requests_total", status="200", **users),
        value("http_requests_total", status="415", **users),
        value("http_request_duration_seconds_count", **users),
    )
    for traffic in ("forced", "test", "shadow"):
        assert value("trial_requests_total", traffic=traffic, status="415") == (traffic == sent)
        assert value("trial_requests_total", traffic=traffic, status="200") == (traffic == sent)
        assert value("trial_request_duration_seconds_count", traffic=traffic) == 2 * (traffic == sent)


async def test_only_users_requests_are_in_progress(held: HeldBackend, store: MemoryStore) -> None:
    """A shadow's copy that waits is none of theirs."""
    registry = process_registry()
    settings = ModelServerSettings(slot=SLOT, cpu_threads=1)
    app = create_apps(settings, lambda: held, store, registry).public
    async with serving(app) as client:
        shadow = {"X-Traffic": "shadow"}
        copy = asyncio.create_task(client.post("/predict", files=upload(colour_image("red")), headers=shadow))
        await until(lambda: held.batches == [1])
        assert registry.get_sample_value("http_requests_in_progress", {"slot": SLOT}) == 0
        held.go.set()
        assert (await copy).status_code == 200
