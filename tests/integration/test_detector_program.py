"""The detector as a program: it starts or says why not, it scores what comes in, it shows it, it ends."""

import shutil
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mongodb.documents import Sample
from mongodb.store import Store, StoreUnavailable
from tests.integration.conftest import MongodbServer
from tests.integration.detector_program import (
    DetectorProgram,
    package_settings,
    until,
    write_normal_package,
)
from tests.model_package import sha256_of_package

SLOT, WIDTH = "model_server_new", 8
OF_MODEL = f'model="small-cnn",slot="{SLOT}",version="1"'
RECENT = f'drift_windows_recent{{{{drift="{{}}",{OF_MODEL}}}}}'
ENDED = -signal.SIGTERM  # uvicorn ends in order, then by the signal it got


@pytest.fixture
def detector(tmp_path: Path, mongodb_server: MongodbServer) -> Iterator[DetectorProgram]:
    """Give a detector of slot 2 with short times."""
    settings = {
        "SLOT": SLOT,
        **package_settings(tmp_path, width=WIDTH),
        "MONGODB_URI": mongodb_server.uri("drift_detection"),
        "DETECTOR": "mmd",
        "SCORE_INTERVAL_SECONDS": 0.2,
    }
    program = DetectorProgram(tmp_path / "detector.log", settings)
    yield program
    program.kill()


@pytest.fixture
def package(detector: DetectorProgram, tmp_path: Path) -> str:
    """Give the checksum of the detector's package."""
    return sha256_of_package(tmp_path / "package")


@pytest.fixture
async def store(mongodb_server: MongodbServer) -> AsyncIterator[Store]:
    """Give the database that the detector reads."""
    store = Store(mongodb_server.uri("drift_detection"))
    yield store
    await store.close()


async def write(store: Store, package: str, count: int, shift: float) -> None:
    """Write samples of both slots; only those of slot 2 are the detector's."""
    now, numbers = datetime.now(UTC), np.random.default_rng(1)
    for slot in ("model_server", SLOT):
        rows = (numbers.normal(size=(count, WIDTH)) + shift).astype(np.float32)
        batch = [Sample("r", slot, "small-cnn", "1", package, now, row, "apple", 0.9) for row in rows]

        async def written(batch: list[Sample] = batch) -> bool:
            with suppress(StoreUnavailable):  # connections from before the database was stopped
                await store.insert_samples(batch)
                return True
            return False

        await until(written)


def metrics(detector: DetectorProgram) -> dict[str, float]:
    """Return the program's drift metrics by name and labels."""
    lines = [line for line in detector.get("/metrics").text.splitlines() if line.startswith("drift_")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


async def results(detector: DetectorProgram, count: int) -> list[dict[str, Any]]:
    """Wait until the program has written so many results, and return them, the newest first."""

    async def enough() -> bool:
        return len(detector.get("/results").json()) >= count

    await until(enough)
    return list(detector.get("/results").json())


async def test_the_way_of_the_windows(
    detector: DetectorProgram, store: Store, mongodb_server: MongodbServer, package: str
) -> None:
    """Clean and drifted samples become results and metrics, through an outage of the database."""
    detector.start()
    detector.wait_until_ready()
    await write(store, package, 100, 0)
    [clean] = await results(detector, 1)
    assert (clean["slot"], clean["n"], clean["drift"]) == (SLOT, 100, False)

    async def away() -> bool:
        return "database is away" in detector.output.read_text()

    mongodb_server.stop()
    await until(away)
    assert detector.get("/results").status_code == 503
    assert detector.get("/readyz").status_code == 200
    mongodb_server.start()
    await write(store, package, 100, 1)
    drifted, _ = await results(detector, 2)
    assert drifted["drift"] is True
    assert detector.stop() == ENDED
    assert detector.output.read_text().count("database is away") == 1
    assert "Traceback" not in detector.output.read_text()


async def test_a_restart_leaves_no_gap(detector: DetectorProgram, store: Store, package: str) -> None:
    """The metrics of a program that has just started are those of the newest result."""
    detector.start()
    detector.wait_until_ready()
    await write(store, package, 100, 1)
    [drifted] = await results(detector, 1)
    assert detector.stop() == ENDED
    detector.start()
    detector.wait_until_ready()

    async def shown() -> bool:
        return f"drift_p_value{{{OF_MODEL}}}" in metrics(detector)

    await until(shown)
    values = metrics(detector)
    assert values[f"drift_p_value{{{OF_MODEL}}}"] == drifted["p_value"]
    assert values[f"drift_distance{{{OF_MODEL}}}"] == drifted["distance"] > drifted["threshold"]
    assert values[RECENT.format("true")] == 1
    assert values[RECENT.format("false")] == 0
    assert values[f"drift_backlog_samples{{{OF_MODEL}}}"] == 0
    assert detector.stop() == ENDED


def test_a_missing_reference_stops_the_start(tmp_path: Path) -> None:
    """Without its reference the program ends with code 2 and one line."""
    settings = package_settings(tmp_path)
    (tmp_path / "package/artifacts/reference.safetensors").unlink()
    program = DetectorProgram(tmp_path / "out", {"DETECTOR": "mmd", **settings})
    program.start()
    assert program.wait() == 2
    [line] = program.output.read_text().splitlines()
    assert "run `python download_models.py`" in line


def test_an_address_that_is_none_stops_the_start(tmp_path: Path) -> None:
    """A MONGODB_URI that cannot be read is one line that names the variable."""
    settings = {"DETECTOR": "mmd", "MONGODB_URI": "mongodb://", **package_settings(tmp_path)}
    program = DetectorProgram(tmp_path / "out", settings)
    program.start()
    assert program.wait() == 2
    [line] = program.output.read_text().splitlines()
    assert line.startswith("MONGODB_URI")


def test_without_a_database_it_starts_and_scores_what_clients_bring(tmp_path: Path) -> None:
    """A database that was never there is no reason not to be ready, and the end is still quick."""
    nobody = "mongodb://127.0.0.1:1/drift_detection"
    settings = {"DETECTOR": "mmd", "MONGODB_URI": nobody, **package_settings(tmp_path)}
    program = DetectorProgram(tmp_path / "out", settings)
    program.start()
    program.wait_until_ready()
    answer = program.post("/driftdetect", {"batch": [[float(i + j) for j in range(8)] for i in range(20)]})
    assert answer.json()["drift"] is True
    started = time.monotonic()
    assert program.stop() == ENDED
    assert time.monotonic() - started < 10


async def test_a_reload_is_followed_without_a_restart(
    detector: DetectorProgram, store: Store, package: str, tmp_path: Path
) -> None:
    """A new package's reference counts within seconds, and the old one's samples are still scored."""
    detector.start()
    detector.wait_until_ready()
    await write(store, package, 60, 0)  # too few for a window yet
    write_normal_package(tmp_path / "package", width=5, version="2")
    new = sha256_of_package(tmp_path / "package")

    async def follows() -> bool:
        return detector.post("/driftdetect", {"batch": [[0.0] * 5, [1.0] * 5]}).status_code == 200

    await until(follows)
    rows = np.random.default_rng(1).normal(size=(100, 5)).astype(np.float32)
    now = datetime.now(UTC)
    await store.insert_samples(
        [Sample("r", SLOT, "small-cnn", "2", new, now, row, "apple", 0.9) for row in rows]
    )
    found = {one["version"]: one for one in await results(detector, 2)}
    assert {version: (one["n"], one["package_sha256"]) for version, one in found.items()} == {
        "1": (60, package),
        "2": (100, new),
    }
    assert {one["model"] for one in found.values()} == {"small-cnn"}

    async def only_the_new_one() -> bool:
        labels = [name for name in metrics(detector) if name.startswith("drift_p_value")]
        return labels == [f"drift_p_value{{{OF_MODEL.replace('1', '2')}}}"]

    await until(only_the_new_one)
    kept = {path.stem for path in (tmp_path / "kept").iterdir()}
    assert kept >= {package, new}  # and perhaps one that lay there for a moment, of new manifest and old rest


async def test_a_half_copied_package_is_waited_for(detector: DetectorProgram, tmp_path: Path) -> None:
    """While a package is being copied the old reference stays in use, with one line; once whole it counts."""
    detector.start()
    detector.wait_until_ready()
    new = write_normal_package(tmp_path / "new", width=5, version="2")
    folder = tmp_path / "package"
    for name in ("model.toml", "artifacts/reference.safetensors"):
        shutil.copy(new / name, folder / name)

    async def refused() -> bool:
        return "not taken, the old reference and detector stay in use" in detector.output.read_text()

    await until(refused)
    assert detector.post("/driftdetect", {"batch": [[0.0] * 8, [1.0] * 8]}).status_code == 200
    shutil.copy(new / "artifacts/reference.sha256", folder / "artifacts/reference.sha256")

    async def taken() -> bool:
        return detector.post("/driftdetect", {"batch": [[0.0] * 5, [1.0] * 5]}).status_code == 200

    await until(taken)
    assert detector.output.read_text().count("does not have the checksum") == 1


async def test_an_edited_choice_counts_and_a_wrong_one_changes_nothing(
    store: Store, mongodb_server: MongodbServer, tmp_path: Path
) -> None:
    """The slot's detector.toml is read again when it changes."""
    choice = tmp_path / "detector.toml"
    choice.write_text('detector = "mmd"\nwindow_size = 100\n')
    settings = package_settings(tmp_path) | {
        "SLOT": SLOT,
        "MONGODB_URI": mongodb_server.uri("drift_detection"),
        "DETECTOR_CONFIG": choice,
        "SCORE_INTERVAL_SECONDS": 0.2,
    }
    package = sha256_of_package(tmp_path / "package")
    detector = DetectorProgram(tmp_path / "detector.log", settings)
    detector.start()
    try:
        detector.wait_until_ready()
        await write(store, package, 100, 0)
        await results(detector, 1)
        choice.write_text("window_size = 1\n")

        async def refused() -> bool:
            return "detector.toml is wrong, the old settings stay in effect" in detector.output.read_text()

        await until(refused)
        choice.write_text('detector = "mmd"\nwindow_size = 40\n')
        await write(store, package, 40, 0)
        assert [one["n"] for one in await results(detector, 2)] == [40, 100]
    finally:
        detector.kill()


def test_a_choice_that_is_wrong_stops_the_start(tmp_path: Path) -> None:
    """An unknown key is one line with the keys there are, and code 2."""
    (tmp_path / "detector.toml").write_text("windowsize = 40\n")
    settings = package_settings(tmp_path) | {"DETECTOR_CONFIG": tmp_path / "detector.toml"}
    program = DetectorProgram(tmp_path / "out", settings)
    program.start()
    assert program.wait() == 2
    [line] = program.output.read_text().splitlines()
    assert "detector.toml: windowsize: not a setting of a slot" in line
    assert "window_size" in line
