"""The detector of a tensor model, in the environment that it is served with, seen from outside."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mongodb.documents import Sample
from mongodb.store import Store
from tests.integration.detector_program import DetectorProgram, package_settings, until
from tests.integration.server_program import ROOT
from tests.model_package import sha256_of_package

SLOT = "model_server"
NAMES = ["age", "income", "loan_amount", "savings"]
PYTHON = os.environ.get("DETECTOR_PYTHON", str(ROOT / ".local/environments/drift_detector_server/bin/python"))


@pytest.fixture
def detector(tmp_path: Path, mongodb_uri: str) -> Iterator[DetectorProgram]:
    """Give a detector with a reference that names features, and DETECTOR as it is by default."""
    settings = {
        "SLOT": SLOT,
        **package_settings(tmp_path, 500, len(NAMES), NAMES),
        "MONGODB_URI": mongodb_uri,
        "SCORE_INTERVAL_SECONDS": 0.2,
    }
    program = DetectorProgram(tmp_path / "detector.log", settings, PYTHON)
    program.start()
    program.wait_until_ready()
    yield program
    program.kill()


def rows(count: int, shift: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Draw rows whose second feature is shifted."""
    values = np.random.default_rng(1).normal(size=(count, len(NAMES)))
    values[:, 1] += shift
    return values.astype(np.float32)


async def test_the_feature_that_drifts_is_named(
    detector: DetectorProgram, store: Store, tmp_path: Path
) -> None:
    """Result, metrics, log line and POST /driftdetect tell each feature apart and name the one that moved."""
    now = datetime.now(UTC)
    package = sha256_of_package(tmp_path / "package")
    samples = [
        Sample("r", SLOT, "small-cnn", "1", package, now, row, "", float(row[0])) for row in rows(100, 1)
    ]
    await store.insert_samples(samples)

    async def shown() -> bool:
        return "drift_feature_p_value{" in detector.get("/metrics").text

    await until(shown)
    [result] = detector.get("/results").json()
    assert (result["detector"], result["drift"], result["n"]) == ("ks", True, 100)
    assert [one["name"] for one in result["features"]] == NAMES
    assert [one["name"] for one in result["features"] if one["drift"]] == ["income"]
    for name, one in zip(NAMES, result["features"], strict=True):
        labels = f'{{feature="{name}",model="small-cnn",slot="{SLOT}",version="1"}}'
        assert f"drift_feature_p_value{labels} {one['p_value']}" in detector.get("/metrics").text
        assert f"drift_feature_distance{labels} {one['distance']}" in detector.get("/metrics").text
    [line] = [line for line in detector.lines() if line["message"] == "window scored"]
    assert line["drifted_features"] == ["income"]
    asked = detector.post("/driftdetect", {"batch": rows(100, 1).tolist()}).json()
    assert asked["features"] == result["features"]
