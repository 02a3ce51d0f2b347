"""Tensor models: rows of numbers in, numbers or a class out, and the inputs' statistics as metrics."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from inference.backend import BackendSettings
from inference.loaded_model import LoadedModel
from inference.manifest import BadModelPackage
from inference.package import load_model_package
from inference.rows import RowsBody
from inference.torch_backend import load_torch_backend
from model_server.app import create_apps
from model_server.settings import ModelServerSettings
from tests.tensor_model import refer, write_regressor, write_sign_classifier
from tests.unit.model_server.fakes import MemoryStore
from tests.unit.model_server.test_app import serving

SETTINGS = ModelServerSettings(slot="model_server", cpu_threads=1)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def regressor(tmp_path: Path, store: MemoryStore) -> AsyncIterator[httpx.AsyncClient]:
    backend = load_torch_backend(BackendSettings(write_regressor(tmp_path)))
    async with serving(create_apps(SETTINGS, lambda: backend, store, CollectorRegistry()).public) as client:
        yield client


@pytest.fixture
async def classifier(tmp_path: Path, store: MemoryStore) -> AsyncIterator[httpx.AsyncClient]:
    backend = load_torch_backend(BackendSettings(write_sign_classifier(tmp_path)))
    async with serving(create_apps(SETTINGS, lambda: backend, store, CollectorRegistry()).public) as client:
        yield client


async def test_a_regressor_answers_a_number(regressor: httpx.AsyncClient) -> None:
    """One row, one number; several rows, one number each."""
    answer = (await regressor.post("/predict", json={"data": [0.2, 0.6]})).json()
    assert answer.pop("output") == pytest.approx(0.4)
    assert set(answer) == {"request_id", "slot", "model", "version"}
    answer = (await regressor.post("/predict", json={"data": [[1, 0], [0, 1], [1, 1]]})).json()
    assert answer["output"] == pytest.approx([4, -1, 2])
    answer = (await regressor.post("/predict", json={"data": [[1, 0]]})).json()
    assert answer["output"] == pytest.approx([4])


async def test_a_classifier_answers_its_classes(classifier: httpx.AsyncClient) -> None:
    """The outputs are probabilities, and a single row's class has its name."""
    answer = (await classifier.post("/predict", json={"data": [1, 1, 1]})).json()
    assert answer["likely_class"] == "positive"
    assert answer["output"] == pytest.approx([1 / (1 + np.e**6), 1 / (1 + np.e**-6)], abs=1e-6)
    assert answer["probabilities"]["positive"] == answer["probability"] == answer["output"][1]


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ('{"data": [1]}', "A row has 1 numbers"),
        ('{"data": [1, 2, 3]}', "x1, x2"),
        ('{"data": [[1, 2], [1]]}', "differ in length"),
        ('{"data": [1, "2"]}', "valid number"),
        ('{"data": [1, null]}', "valid number"),
        ('{"data": [1, true]}', "valid number"),
        ('{"data": [1, NaN]}', "finite"),
        ('{"data": [1, 1e39]}', "too large"),
        ('{"data": []}', "A row has 0 numbers"),
        ('{"data": [[]]}', "A row has 0 numbers"),
        ('{"data": 3}', "valid array"),
        ('{"date": [1, 2]}', "data: Field required"),
        ("[1, 2]", "The body"),
        ("no json", "no JSON"),
        ('{"data": [[1, 2]' + ", [1, 2]" * 1000 + "]}", "at most 1000"),
    ],
)
async def test_what_does_not_fit_is_422_and_says_what_does(
    regressor: httpx.AsyncClient, body: str, hint: str
) -> None:
    """Wrong width, wrong type, no number: nothing is guessed."""
    response = await regressor.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert hint in response.json()["detail"]
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("declared", ["text/plain", "application/x-www-form-urlencoded", "image/png", None])
async def test_rows_of_another_type_are_refused(regressor: httpx.AsyncClient, declared: str | None) -> None:
    """What a browser sends for any page without asking is not taken for JSON."""
    headers = {"Content-Type": declared} if declared else {}
    response = await regressor.post("/predict", content='{"data": [1, 2]}', headers=headers)
    assert response.status_code == 415
    assert "Content-Type: application/json" in response.json()["detail"]


async def test_a_body_of_a_million_errors_is_refused_at_the_first(regressor: httpx.AsyncClient) -> None:
    """Describing each of them took seconds and most of a gigabyte."""
    body = json.dumps({"data": [[""] * 1000] * 1000})
    with pytest.raises(ValidationError) as refused:
        RowsBody.model_validate_json(body)
    assert refused.value.error_count() == 2  # one for each form: a row, several rows
    headers = {"Content-Type": "application/json"}
    assert (await regressor.post("/predict", content=body, headers=headers)).status_code == 422


async def test_an_answer_that_overflows_is_refused(regressor: httpx.AsyncClient) -> None:
    """JSON has no infinity; and the neighbours do not suffer."""
    response = await regressor.post("/predict", json={"data": [3e38, -3e38]})
    assert response.status_code == 422
    assert "no finite answer" in response.json()["detail"]


def inline_app(folder: Path, store: MemoryStore, **settings: object) -> FastAPI:
    """Build a server that predicts on its event loop."""
    values = {"slot": "model_server", "cpu_threads": 1, "inline_inference": "always", **settings}
    backend = load_torch_backend(BackendSettings(write_regressor(folder)))
    return create_apps(
        ModelServerSettings.model_validate(values), lambda: backend, store, CollectorRegistry()
    ).public


async def test_a_full_queue_answers_503_on_the_event_loop_too(tmp_path: Path, store: MemoryStore) -> None:
    """The client learns when to come back, and those who wait are answered."""
    async with serving(inline_app(tmp_path, store, queue_size=2, batch_max_size=1)) as client:
        posts = [client.post("/predict", json={"data": [[0, number]] * 3}) for number in range(8)]
        responses = await asyncio.gather(*posts)
        assert {response.status_code for response in responses} == {200, 503}
        refused = [response for response in responses if response.status_code == 503]
        assert all(response.headers["retry-after"] == "1" for response in refused)
        assert "Too many predictions" in refused[0].json()["detail"]
        assert (await client.post("/predict", json={"data": [0, 1]})).json()["output"] == -1


async def test_the_deadline_holds_on_the_event_loop_too(tmp_path: Path, store: MemoryStore) -> None:
    """Past it the answer is a 503, and the model is not asked."""
    async with serving(inline_app(tmp_path, store, queue_deadline_seconds=1e-9)) as client:
        refused = await client.post("/predict", json={"data": [0, 1]})
        metrics = (await client.get("/metrics")).text
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert "too long" in refused.json()["detail"]
    assert 'inference_batch_size_count{slot="model_server"} 0.0' in metrics


async def test_the_mode_is_shown(
    tmp_path: Path, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    """A metric and a line of the log say where the model runs."""
    caplog.set_level("INFO")
    for inline, mode in (("always", "event_loop"), ("never", "threads")):
        async with serving(inline_app(tmp_path, store, inline_inference=inline)) as client:
            shown = f'inference_mode_info{{mode="{mode}",slot="model_server"}} 1.0'
            assert shown in (await client.get("/metrics")).text
        chosen = [vars(one) for one in caplog.records if one.message == "inference mode chosen"]
        assert chosen[-1]["mode"] == mode
        assert chosen[-1]["full_batch_milliseconds"] > 0


async def test_the_page_asks_for_the_features(tmp_path: Path, store: MemoryStore) -> None:
    """Their names are anybody's, and nothing of them gets into the page as markup."""
    folder = write_regressor(tmp_path)
    manifest = folder / "model.toml"
    manifest.write_text(manifest.read_text().replace('"x1"', "'\"><script>'"))
    backend = load_torch_backend(BackendSettings(refer(folder)))
    async with serving(create_apps(SETTINGS, lambda: backend, store, CollectorRegistry()).public) as client:
        page = (await client.get("/")).text
    assert '<body data-features="[&quot;\\&quot;&gt;&lt;script&gt;&quot;, &quot;x2&quot;]">' in page


async def test_raw_inputs_are_sampled(tmp_path: Path, store: MemoryStore) -> None:
    """A row is its own embedding, and several rows are several samples."""
    backend = load_torch_backend(BackendSettings(write_regressor(tmp_path)))
    async with serving(create_apps(SETTINGS, lambda: backend, store, CollectorRegistry()).public) as client:
        await client.post("/predict", json={"data": [[1, 2], [3, 4]]}, headers={"X-Request-ID": "r"})
    assert [sample.embedding.tolist() for sample in store.samples] == [[1, 2], [3, 4]]
    assert [(sample.request_id, sample.label, sample.confidence) for sample in store.samples] == [
        ("r", "", 0.0),
        ("r", "", 2.0),
    ]


async def test_metrics_tell_of_the_features(regressor: httpx.AsyncClient) -> None:
    """Mean and variance of what came in, beside the training data's."""
    text = (await regressor.get("/metrics")).text
    assert 'feature_training_mean{feature="x1",slot="model_server"} 0.5' in text
    assert 'feature_training_variance{feature="x2",slot="model_server"} 4.0' in text
    assert "feature_mean{" not in text  # nothing has come in: 0 would be a lie
    await regressor.post("/predict", json={"data": [[1, 10], [3, 10]]})
    text = (await regressor.get("/metrics")).text
    assert 'feature_mean{feature="x1",slot="model_server"} 2.0' in text
    assert 'feature_variance{feature="x1",slot="model_server"} 1.0' in text
    assert 'feature_variance{feature="x2",slot="model_server"} 0.0' in text
    assert 'features_observed_total{slot="model_server"} 2.0' in text
    assert 'predictions_total{label="",model="regressor"' in text


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('input = "tensor"', 'input = "image"', "needs the table"),
        ('"x2"]', '"x1"]', "same name"),
        ('"x2"]', '"x2", "x3"]', "one number for each"),
        ("std = [2.0, 2.0]", "", "give mean and std"),
        ("std = [2.0, 2.0]", "std = [2.0, 0.0]", "greater than 0"),
        ('outputs = "values"', 'outputs = "logits"', "classes are needed"),
        ("classes = []", 'classes = ["a"]', "classes are needed"),
    ],
)
def test_a_wrong_manifest_is_refused_with_a_reason(tmp_path: Path, old: str, new: str, reason: str) -> None:
    """The person who wrote it reads which part to mend."""
    path = write_regressor(tmp_path) / "model.toml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(BadModelPackage, match=reason):
        load_model_package(tmp_path)


def test_a_width_that_the_network_does_not_take_is_refused(tmp_path: Path) -> None:
    """The manifest says three features, the network takes two."""
    path = write_regressor(tmp_path) / "model.toml"
    text = path.read_text().replace('"x2"]', '"x2", "x3"]').replace("[0.5, 0.5]", "[0, 0, 0]")
    path.write_text(text.replace("[2.0, 2.0]", "[1, 1, 1]"))
    with pytest.raises(BadModelPackage, match="first batch"):
        LoadedModel(load_model_package(refer(tmp_path)))
