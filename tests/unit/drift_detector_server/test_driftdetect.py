"""POST /driftdetect: what it answers, and what it says to a batch that cannot be scored."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pytest

from drift_detector_server.app import create_app
from drift_detector_server.detectors.ks import Ks
from drift_detector_server.detectors.mmd import Mmd
from drift_detector_server.settings import DetectorSettings
from inference.reference import Reference
from tests.unit.drift_detector_server.fakes import OLD_PACKAGE, PACKAGE, FixedPackages, MemoryStore

ROWS, WIDTH = 40, 4
GOOD = np.random.default_rng(0).normal(size=(10, WIDTH)).tolist()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """Talk to a detector whose reference is a standard normal distribution."""
    embeddings = np.random.default_rng(1).normal(size=(100, WIDTH)).astype(np.float32)
    settings = DetectorSettings(window_size=30, max_batch_rows=ROWS, permutations=99)
    reference = Reference(embeddings, "small-cnn", "1", "00")
    packages = FixedPackages(Mmd(embeddings, 99), reference)
    app = create_app(settings, packages, MemoryStore(), lambda: settings)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://detector") as client:
        yield client


@pytest.fixture
async def features() -> AsyncIterator[httpx.AsyncClient]:
    """Talk to the detector of a tensor model with four features."""
    rows, names = np.random.default_rng(1).normal(size=(100, WIDTH)).astype(np.float32), ("a", "b", "c", "d")
    settings = DetectorSettings(window_size=30, max_batch_rows=ROWS)
    packages = FixedPackages(Ks(rows, names), Reference(rows, "tabular", "1", "00", names))
    app = create_app(settings, packages, MemoryStore(), lambda: settings)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://detector") as client:
        yield client


async def post(http: httpx.AsyncClient, **body: Any) -> httpx.Response:
    """Send a body as JSON, with NaN and Infinity in Python's spelling."""
    headers = {"content-type": "application/json"}
    return await http.post("/driftdetect", content=json.dumps(body), headers=headers)


async def test_a_batch_is_scored(http: httpx.AsyncClient) -> None:
    """A batch like the reference is no drift, one far away is, both with all the numbers."""
    near = (await post(http, batch=GOOD)).json()
    far = (
        await post(http, batch=[[value + 3 for value in row] for row in GOOD], p_value_threshold=0.02)
    ).json()
    assert set(near) == {"p_value", "distance", "threshold", "drift", "n", "features"}
    assert (near["drift"], near["n"], near["features"]) == (False, 10, [])
    assert (far["drift"], far["p_value"]) == (True, 0.01)
    assert far["distance"] > far["threshold"]


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ({"batch": []}, "Send 2 to 40"),
        ({"batch": GOOD[:1]}, "Send 2 to 40"),
        ({"batch": GOOD * 5}, "Send 2 to 40"),
        ({"batch": [[1.0] * 5] * 3}, "Send the 4"),
        ({"batch": [*GOOD, [1.0, 2.0]]}, "Row 10 has 2 values"),
        ({"batch": [[]] * 3}, "Send the 4"),
        ({"batch": [*GOOD, [1, 2, 3, float("nan")]]}, "Row 10 holds NaN"),
        ({"batch": [*GOOD, [1, 2, 3, float("inf")]]}, "Row 10 holds NaN"),
        ({"batch": [*GOOD, [1, 2, 3, 1e300]]}, "up to 1e15"),
        ({"batch": GOOD, "p_value_threshold": 0}, "greater than 0"),
        ({"batch": GOOD, "p_value_threshold": 1}, "less than 1"),
        ({"batch": GOOD, "p_value_threshold": float("nan")}, "p_value_threshold"),
        ({"batch": GOOD, "p_value_threshold": 0.005}, "more PERMUTATIONS"),
        ({"batch": [["a", "b", "c", "d"]] * 3}, "valid number"),
        ({"batch": "no"}, "valid array"),
        ({}, "batch"),
    ],
)
async def test_a_batch_that_cannot_be_scored_is_refused(
    http: httpx.AsyncClient, body: dict[str, Any], advice: str
) -> None:
    """What no test can be made of is a 422 problem that says what to send."""
    response = await post(http, **body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert advice in response.json()["detail"]


@pytest.mark.parametrize("declared", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_a_batch_of_another_type_is_refused(http: httpx.AsyncClient, declared: str | None) -> None:
    """What a browser sends for any page without asking is not taken for JSON."""
    headers = {"Content-Type": declared} if declared else {}
    response = await http.post("/driftdetect", content=json.dumps({"batch": GOOD}), headers=headers)
    assert response.status_code == 415
    assert "Content-Type: application/json" in response.json()["detail"]


@pytest.mark.parametrize("number", [True, "1", None, [1]])
async def test_only_numbers_are_numbers(http: httpx.AsyncClient, number: object) -> None:
    """Nothing is guessed, and the place is named."""
    response = await post(http, batch=[*GOOD, [1, 2, 3, number]])
    assert response.status_code == 422
    assert "body.batch.10.3: Input should be a valid number" in response.json()["detail"]


@pytest.mark.parametrize("piece", ["[],", "[1],", "1,", "[", '"",', "{},"])
async def test_a_batch_of_too_many_values_is_refused_before_it_is_parsed(
    http: httpx.AsyncClient, piece: str
) -> None:
    """As objects they would take many times their size; what is no JSON is refused in the same way."""
    headers = {"content-type": "application/json"}
    response = await http.post("/driftdetect", content='{"batch":[' + piece * 15_000, headers=headers)
    assert response.status_code == 422
    assert "too many values. Send 2 to 40 rows" in response.json()["detail"]


async def test_each_feature_is_scored(features: httpx.AsyncClient) -> None:
    """A batch of a tensor model's rows is answered feature by feature, and the one that moved is named."""
    answer = (await post(features, batch=[[*row[:2], row[2] + 3, row[3]] for row in GOOD])).json()
    assert answer["drift"] is True
    assert [(one["name"], one["drift"]) for one in answer["features"]] == [
        ("a", False),
        ("b", False),
        ("c", True),
        ("d", False),
    ]
    assert answer["distance"] == answer["features"][2]["distance"] > answer["threshold"]
    assert answer["features"][2]["p_value"] < 0.001


async def test_advice_names_the_features(features: httpx.AsyncClient) -> None:
    """Who sends rows of the wrong width to a tensor model's detector is told which features it wants."""
    response = await post(features, batch=[[1.0] * 3] * 5)
    assert response.status_code == 422
    assert "Send the 4 values of the features a, b, c, d." in response.json()["detail"]


async def test_a_body_is_bounded(http: httpx.AsyncClient) -> None:
    """A body far beyond the largest batch is refused before it is read as JSON."""
    assert (await http.post("/driftdetect", content=b" " * 200_000)).status_code == 413


async def test_the_newest_results_are_limited(http: httpx.AsyncClient) -> None:
    """A limit that makes no sense is refused, one that does is answered."""
    assert (await http.get("/results")).json() == []
    assert (await http.get("/results", params={"limit": 0})).status_code == 422
    assert (await http.get("/results", params={"limit": 100_000})).status_code == 422


async def test_the_reference_now_served_is_compared_with() -> None:
    """After a change-over batches of the new width are scored, and bodies as large as they need let in."""
    narrow, wide = (
        np.random.default_rng(1).normal(size=(100, width)).astype(np.float32) for width in (4, 400)
    )
    references = (Reference(narrow, "small-cnn", "1", "00"), Reference(wide, "vgg16", "1", "11"))
    settings = DetectorSettings(window_size=30, max_batch_rows=ROWS, permutations=99)
    packages = FixedPackages(Mmd(wide, 99), *references, shas=(OLD_PACKAGE, PACKAGE))
    app = create_app(settings, packages, MemoryStore(), lambda: settings)
    batch = np.random.default_rng(2).normal(size=(ROWS, 400)).tolist()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://detector") as client:
        assert (await post(client, batch=batch)).status_code == 413
        packages.serve(PACKAGE)
        answer = await post(client, batch=batch)
        assert (answer.status_code, answer.json()["n"]) == (200, ROWS)
        assert "Send the 400" in (await post(client, batch=GOOD)).json()["detail"]
        packages.serve(OLD_PACKAGE)
        assert (await post(client, batch=batch)).status_code == 413
