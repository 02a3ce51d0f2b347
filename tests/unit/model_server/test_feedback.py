"""The true labels of past predictions: taken, judged, joined, or refused with a reason."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from inference.backend import BackendSettings
from inference.torch_backend import TorchBackend, load_torch_backend
from model_server.app import create_apps
from model_server.feedback import joiner
from model_server.feedback.labels import MOST_BYTES, MOST_LINES
from model_server.settings import ModelServerSettings
from mongodb.documents import Sample
from mongodb.feedback import LabelledPackage
from mongodb.sampling import is_sampled
from tests.colour_model import colour_image
from tests.tensor_model import write_regressor, write_sign_classifier
from tests.unit.model_server.fakes import MemoryStore
from tests.unit.model_server.test_app import serving, until

PACKAGE = "a" * 64
LINES = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def store() -> MemoryStore:
    """Give a database that knows a package of two classes, and one prediction of it."""
    store = MemoryStore()
    store.packages[PACKAGE] = LabelledPackage(PACKAGE, "coins", "2", ("heads", "tails"))
    store.samples.append(sample("known"))
    return store


def sample(request_id: str, traffic: str = "user", package: str = PACKAGE) -> Sample:
    """Make a sample of the other slot's."""
    names = ("model_server", "coins", "2", package)
    now, embedding = datetime.now(UTC), np.ones(2, np.float32)
    return Sample(request_id, *names, now, embedding, "heads", 0.75, traffic, (0.75, 0.25))


def slot(backend: TorchBackend, store: MemoryStore, **settings: Any) -> FastAPI:
    """Build a slot on the database."""
    chosen = ModelServerSettings(slot="model_server_new", cpu_threads=1, max_image_pixels=10_000, **settings)
    return create_apps(chosen, lambda: backend, store, CollectorRegistry()).public


@pytest.fixture
async def client(backend: TorchBackend, store: MemoryStore) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(slot(backend, store)) as client:
        yield client


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no label wait long for its sample."""
    monkeypatch.setattr(joiner, "SAMPLE_SECONDS", 0.01)
    monkeypatch.setattr(joiner, "LOOK_AGAIN_SECONDS", 0.02)


async def tell(client: httpx.AsyncClient, request_id: str, label: str, **headers: str) -> httpx.Response:
    """Send a label."""
    return await client.post("/feedback", json={"request_id": request_id, "label": label}, headers=headers)


async def predict(client: httpx.AsyncClient, request_id: str, **headers: str) -> httpx.Response:
    """Ask for the prediction of a red image."""
    files = {"file": ("red.png", colour_image("red"), "image/png")}
    return await client.post("/predict", files=files, headers={"X-Request-ID": request_id, **headers})


async def test_a_label_is_joined_with_its_prediction(client: httpx.AsyncClient, store: MemoryStore) -> None:
    """The answer says what was predicted by which model, and the same is stored."""
    response = await tell(client, "known", "tails")
    assert response.status_code == 200
    answer = response.json()
    assert abs(datetime.fromisoformat(answer.pop("received_at")) - datetime.now(UTC)).total_seconds() < 5
    model = {"slot": "model_server", "model": "coins", "version": "2"}
    assert answer == {"request_id": "known", "label": "tails", "predicted": "heads", "correct": False} | model
    stored = store.feedback["known"].to_document()
    assert stored.items() >= {**model, "package_sha256": PACKAGE, "traffic": "user", "correct": 0}.items()
    assert stored["predicted_at"] == store.samples[0].created_at
    assert 0 <= stored["delay_seconds"] < 5


async def test_the_last_label_counts(client: httpx.AsyncClient, store: MemoryStore) -> None:
    """Given again it changes nothing; another one takes its place."""
    for label, correct in (("tails", 0), ("tails", 0), ("heads", 1)):
        assert (await tell(client, "known", label)).status_code == 200
        assert store.feedback["known"].to_document()["correct"] == correct
    assert len(store.feedback) == 1


async def test_of_labels_at_the_same_time_one_counts(client: httpx.AsyncClient, store: MemoryStore) -> None:
    """All are answered, and what stays is the last one that came."""
    labels = ["heads", "tails"] * 20
    answers = await asyncio.gather(*(tell(client, "known", label) for label in labels))
    assert {one.status_code for one in answers} == {200}
    assert store.feedback["known"].label == "tails"


@pytest.mark.parametrize("asked", ["the same slot", "the other slot"])
async def test_a_label_may_come_before_its_sample_is_written(
    backend: TorchBackend, store: MemoryStore, asked: str
) -> None:
    """Samples are written some tenths of a second late; whichever slot is told waits for that."""
    async with serving(slot(backend, store)) as one, serving(slot(backend, store)) as other:
        await predict(one, "just-now")
        assert len(store.samples) == 1
        response = await tell(one if asked == "the same slot" else other, "just-now", "red")
    assert (response.status_code, response.json()["correct"]) == (200, True)


async def test_the_later_of_two_that_wait_counts(client: httpx.AsyncClient, store: MemoryStore) -> None:
    """One has waited for its sample for a while, the other has just come when it is written."""
    first = asyncio.create_task(tell(client, "late", "heads"))
    await until(lambda: {"late"} in store.looks)
    second = asyncio.create_task(tell(client, "late", "tails"))
    await until(lambda: store.looks.count({"late"}) > 1)
    store.samples.append(sample("late"))
    assert [(await one).status_code for one in (first, second)] == [200, 200]
    assert store.feedback["late"].label == "tails"


@pytest.mark.usefixtures("impatient")
async def test_an_unknown_prediction_is_not_found(client: httpx.AsyncClient, store: MemoryStore) -> None:
    """With a problem document that says what to send."""
    response = await tell(client, "never-seen", "heads")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert "kept for 7 days" in response.json()["detail"]
    assert not store.feedback


async def test_a_prediction_that_was_not_sampled_is_not_waited_for(
    backend: TorchBackend, store: MemoryStore
) -> None:
    """The request's id decides what is sampled: the answer comes at once, and says why."""
    unsampled = next(f"r-{n}" for n in range(100) if not is_sampled(f"r-{n}", 0.25))
    async with serving(slot(backend, store, sample_rate=0.25)) as client:
        response = await tell(client, unsampled, "heads")
    assert response.status_code == 404
    assert "a share of 0.25 is (SAMPLE_RATE)" in response.json()["detail"]
    assert store.looks.count({unsampled}) == 1


async def test_the_classes_are_those_of_the_model_that_predicted(client: httpx.AsyncClient) -> None:
    """The slot that is told has other ones, and they do not matter."""
    response = await tell(client, "known", "red")
    assert response.status_code == 422
    assert response.json()["detail"] == "'red' is no class of coins 2. Send one of heads, tails."


async def test_a_replaced_models_prediction_can_still_be_labelled(
    backend: TorchBackend, store: MemoryStore
) -> None:
    """Its classes are in the database, which was told of them before its first sample."""
    async with serving(slot(backend, store)) as client:
        await predict(client, "before")
        await until(lambda: len(store.samples) == 2)
    assert store.packages[backend.info.sha256].classes == backend.info.manifest.classes
    another = TorchBackendOf(backend)
    async with serving(slot(another, store)) as client:
        assert (await tell(client, "before", "blue")).json()["version"] == "1"


def TorchBackendOf(backend: TorchBackend) -> Any:  # noqa: N802 - it stands for a class
    """Return a backend whose package is another one, with other classes."""

    class Another:
        info = replace(
            backend.info,
            sha256="b" * 64,
            manifest=backend.info.manifest.model_copy(update={"version": "2", "classes": ("x", "y", "z")}),
        )
        predict = backend.predict

    return Another()


async def test_a_package_that_nobody_noted_is_said(client: httpx.AsyncClient, store: MemoryStore) -> None:
    """Samples of a version that noted no classes cannot be labelled."""
    store.samples.append(sample("old", package="c" * 64))
    response = await tell(client, "old", "heads")
    assert (response.status_code, "no longer known" in response.json()["detail"]) == (422, True)


async def test_a_regressors_prediction_has_no_label(tmp_path: Path, store: MemoryStore) -> None:
    """It answers with numbers, and says so."""
    backend = load_torch_backend(BackendSettings(write_regressor(tmp_path)))
    app = create_apps(ModelServerSettings(cpu_threads=1), lambda: backend, store, CollectorRegistry()).public
    async with serving(app) as client:
        width = len(backend.info.manifest.tensor_input.features)
        await client.post("/predict", json={"data": [0.5] * width}, headers={"X-Request-ID": "row"})
        response = await tell(client, "row", "1.5")
    assert response.status_code == 422
    assert "answers with numbers" in response.json()["detail"]


async def test_a_classifier_of_rows_can_be_labelled(tmp_path: Path, store: MemoryStore) -> None:
    """One row is one prediction; of several nobody could tell which one is meant."""
    backend = load_torch_backend(BackendSettings(write_sign_classifier(tmp_path)))
    app = create_apps(ModelServerSettings(cpu_threads=1), lambda: backend, store, CollectorRegistry()).public
    manifest = backend.info.manifest
    row = [0.5] * len(manifest.tensor_input.features)
    async with serving(app) as client:
        await client.post("/predict", json={"data": row}, headers={"X-Request-ID": "row"})
        await client.post("/predict", json={"data": [row, row]}, headers={"X-Request-ID": "rows"})
        taken = await tell(client, "row", manifest.classes[0])
        refused = await tell(client, "rows", manifest.classes[0])
    assert taken.status_code == 200
    assert refused.status_code == 422
    assert "2 predictions have the request_id rows" in refused.json()["detail"]


@pytest.mark.usefixtures("impatient")
async def test_a_shadows_prediction_is_nobodys(client: httpx.AsyncClient, store: MemoryStore) -> None:
    """Its answer reached nobody: it is not found, and beside production's it does not count."""
    store.samples += [sample("copied", "shadow"), sample("both", "shadow"), sample("both")]
    assert (await tell(client, "copied", "heads")).status_code == 404
    assert (await tell(client, "both", "heads")).status_code == 200
    assert store.feedback["both"].prediction.traffic == "user"


@pytest.mark.parametrize("traffic", ["forced", "test"])
async def test_feedback_about_a_trial_says_so(
    client: httpx.AsyncClient, store: MemoryStore, traffic: str
) -> None:
    """It is stored, without the position by which users' feedback is counted."""
    store.samples.append(sample("trial", traffic))
    assert (await tell(client, "trial", "heads")).status_code == 200
    document = store.feedback["trial"].to_document()
    assert document["traffic"] == traffic
    assert "position" not in document


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b'{"request_id": "known"}',
        b'{"request_id": "known", "label": ""}',
        b'{"request_id": "known", "label": 7}',
        b'{"request_id": {"$gt": ""}, "label": "heads"}',
        b'{"request_id": "", "label": "heads"}',
        b'{"request_id": "a b", "label": "heads"}',
        b'{"request_id": "known\\n", "label": "heads"}',
        b'{"request_id": "known\\u0000", "label": "heads"}',
        b'{"request_id": "' + b"x" * 129 + b'", "label": "heads"}',
        b'{"request_id": "known", "label": "\\ud800"}',
        b'{"request_id": "known", "label": "' + b"x" * 20_000 + b'"}',
        b"[" * 100_000,
        b'{"request_id": "kn\xff", "label": "heads"}',
    ],
)
async def test_what_is_no_label_is_refused_with_an_example(
    client: httpx.AsyncClient, store: MemoryStore, body: bytes
) -> None:
    """Nothing of it reaches the database, and the answer is short."""
    response = await client.post("/feedback", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert 'Send {"request_id": "' in response.json()["detail"]
    assert len(response.content) < 1000
    assert not store.looks


async def test_a_label_that_no_class_could_be_is_quoted_cut_short(client: httpx.AsyncClient) -> None:
    """Whatever its length, and with its control characters escaped."""
    response = await tell(client, "known", "\x1b[2J" + "x" * 10_000)
    assert response.status_code == 422
    assert "\\x1b[2J" in response.json()["detail"]
    assert len(response.json()["detail"]) < 300


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_another_type_is_refused(client: httpx.AsyncClient, content_type: str) -> None:
    """So a page elsewhere cannot send a form."""
    headers = {"Content-Type": content_type} if content_type else {}
    response = await client.post("/feedback", content=b'{"request_id":"a","label":"b"}', headers=headers)
    assert response.status_code == 415
    assert "application/json or application/x-ndjson" in response.json()["detail"]


async def test_a_huge_body_is_not_read_to_its_end(client: httpx.AsyncClient) -> None:
    """Sized or in pieces."""
    pieces = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal pieces
        while True:
            pieces += 1
            yield b"x" * 65_536

    chunked = await client.post("/feedback", content=endless(), headers={"Content-Type": "application/json"})
    assert chunked.status_code == 413
    assert pieces <= MOST_BYTES // 65_536 + 2
    sized = await client.post("/feedback", content=b"x" * (MOST_BYTES + 1), headers=LINES)
    assert sized.status_code == 413


async def test_without_its_database_the_label_is_to_be_sent_again(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    """503 with a time to wait; predictions go on, and when it is back the label is taken."""
    store.away = True
    response = await tell(client, "known", "heads", **{"X-Patience": "short"})
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert "x-accel-redirect" not in response.headers  # the other slot has the same database
    assert (await predict(client, "meanwhile")).status_code == 200
    store.away = False
    assert (await tell(client, "known", "heads")).status_code == 200


async def test_a_database_that_hangs_is_given_up_in_nginxs_time(
    client: httpx.AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The label's sender is told; whoever waits no longer is not worked for."""

    async def hang(_: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(store, "sampled_predictions", hang)
    monkeypatch.setattr("model_server.routes.feedback.LONGEST_SECONDS", 0.05)
    assert (await tell(client, "known", "heads")).status_code == 503
    assert (await predict(client, "meanwhile")).status_code == 200


async def test_a_fault_of_ours_does_not_end_the_joining(
    client: httpx.AsyncClient, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    """The one label is answered 500, the next one is taken."""
    store.fault = ZeroDivisionError()
    assert (await tell(client, "known", "heads")).status_code == 500
    assert "labels could not be joined" in caplog.messages
    assert (await tell(client, "known", "heads")).status_code == 200


async def test_a_flood_of_unknown_ids_is_bounded(
    client: httpx.AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many wait, looked for together; what is too much is refused, and may be sent to the other slot."""
    monkeypatch.setattr(joiner, "MOST_WAITING", 50)
    flood = [asyncio.create_task(tell(client, f"unknown-{n}", "heads")) for n in range(50)]
    await until(lambda: any(len(look) == 50 for look in store.looks))
    refused = await tell(client, "known", "heads", **{"X-Patience": "short"})
    assert (refused.status_code, refused.headers["x-accel-redirect"]) == (503, "@another_slot")
    assert {(await one).status_code for one in flood} == {404}
    assert (await tell(client, "known", "heads")).status_code == 200
    assert len(store.looks) < 50


@pytest.mark.usefixtures("impatient")
async def test_many_labels_come_as_lines(client: httpx.AsyncClient, store: MemoryStore) -> None:
    """What can be taken is taken; each other line is named with its reason."""
    store.samples += [sample(f"r-{n}") for n in range(3)]
    lines: list[Any] = [
        {"request_id": "r-0", "label": "heads"},
        {"request_id": "r-1", "label": "edge"},
        {"request_id": "nobody", "label": "heads"},
        {"request_id": "r-0", "label": "tails", "labelled_by": "whoever"},
        {"request_id": "r-2"},
    ]
    body = "\r\n".join(json.dumps(line) for line in lines) + "\n\nno json\n"
    response = await client.post("/feedback", content=body, headers=LINES)
    assert response.status_code == 200
    answer = response.json()
    assert (answer["accepted"], answer["refused"]) == (2, 4)
    assert [(one["line"], one["status"]) for one in answer["errors"]] == [
        (2, 422),
        (3, 404),
        (5, 422),
        (7, 422),
    ]
    assert "is no class of coins 2" in answer["errors"][0]["detail"]
    assert {name: one.label for name, one in store.feedback.items()} == {"r-0": "tails"}


async def test_as_many_lines_as_allowed_are_taken(client: httpx.AsyncClient, store: MemoryStore) -> None:
    """In several goes; one more is refused as a whole, and so are empty lines without end."""
    store.samples = [sample(f"r-{n}") for n in range(MOST_LINES)]
    lines = [json.dumps({"request_id": f"r-{n}", "label": "tails"}) for n in range(MOST_LINES)]
    answer = (await client.post("/feedback", content="\n".join(lines), headers=LINES)).json()
    assert (answer["accepted"], len(store.feedback)) == (MOST_LINES, MOST_LINES)
    for too_many in ("\n".join([*lines, lines[0]]), "\n" * 100_000):
        response = await client.post("/feedback", content=too_many, headers=LINES)
        assert response.status_code == 413
        assert str(MOST_LINES) in response.json()["detail"]


async def test_nginx_is_told_that_many_labels_take_longer(client: httpx.AsyncClient) -> None:
    """It asks again with more patience; others are answered at once."""
    line = json.dumps({"request_id": "known", "label": "heads"})
    for patience, status in (("short", 503), ("last", 503), ("long", 200)):
        headers = {**LINES, "X-Patience": patience}
        response = await client.post("/feedback", content=line, headers=headers)
        assert response.status_code == status
        assert response.headers.get("x-accel-redirect") == ("@patient" if status == 503 else None)


async def test_the_database_is_asked_a_few_times_for_a_label_that_waits(
    client: httpx.AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in every turn, and not at all when none waits any more."""
    monkeypatch.setattr(joiner, "SAMPLE_SECONDS", 0.6)
    assert (await tell(client, "never-seen", "heads")).status_code == 404
    asked = len(store.looks)
    assert 2 <= asked <= 4
    await predict(client, "meanwhile")
    await until(lambda: len(store.samples) == 2)
    assert len(store.looks) == asked
