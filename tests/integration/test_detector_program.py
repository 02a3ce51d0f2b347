"""The detector as a program: it starts or says why not, it scores what comes in, it shows it, it ends."""

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
from tests.integration.detector_program import DetectorProgram, until, write_reference

SLOT, WIDTH = "model_server_new", 8
ENDED = -signal.SIGTERM  # uvicorn ends in order, then by the signal it got


@pytest.fixture
def detector(tmp_path: Path, mongodb_server: MongodbServer) -> Iterator[DetectorProgram]:
    """Give a detector of slot 2 with short times."""
    settings = {
        "SLOT": SLOT,
        "REFERENCE": write_reference(tmp_path, width=WIDTH),
        "MONGODB_URI": mongodb_server.uri("drift_detection"),
        "DETECTOR": "mmd",
        "SCORE_INTERVAL_SECONDS": 0.2,
    }
    program = DetectorProgram(tmp_path / "detector.log", settings)
    yield program
    program.kill()


@pytest.fixture
async def store(mongodb_server: MongodbServer) -> AsyncIterator[Store]:
    """Give the database that the detector reads."""
    store = Store(mongodb_server.uri("drift_detection"))
    yield store
    await store.close()


async def write(store: Store, count: int, shift: float) -> None:
    """Write samples of both slots; only those of slot 2 are the detector's."""
    now, numbers = datetime.now(UTC), np.random.default_rng(1)
    for slot in ("model_server", SLOT):
        rows = (numbers.normal(size=(count, WIDTH)) + shift).astype(np.float32)
        batch = [Sample("r", slot, "small-cnn", "1", now, row, "apple", 0.9) for row in rows]

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
    detector: DetectorProgram, store: Store, mongodb_server: MongodbServer
) -> None:
    """Clean and drifted samples become results and metrics, through an outage of the database."""
    detector.start()
    detector.wait_until_ready()
    await write(store, 100, 0)
    [clean] = await results(detector, 1)
    assert (clean["slot"], clean["n"], clean["drift"]) == (SLOT, 100, False)

    async def away() -> bool:
        return "database is away" in detector.output.read_text()

    mongodb_server.stop()
    await until(away)
    assert detector.get("/results").status_code == 503
    assert detector.get("/readyz").status_code == 200
    mongodb_server.start()
    await write(store, 100, 1)
    drifted, _ = await results(detector, 2)
    assert drifted["drift"] is True
    assert detector.stop() == ENDED
    assert detector.output.read_text().count("database is away") == 1
    assert "Traceback" not in detector.output.read_text()


async def test_a_restart_leaves_no_gap(detector: DetectorProgram, store: Store) -> None:
    """The metrics of a program that has just started are those of the newest result."""
    detector.start()
    detector.wait_until_ready()
    await write(store, 100, 1)
    [drifted] = await results(detector, 1)
    assert detector.stop() == ENDED
    detector.start()
    detector.wait_until_ready()

    async def shown() -> bool:
        return f'drift_p_value{{slot="{SLOT}"}}' in metrics(detector)

    await until(shown)
    values = metrics(detector)
    assert values[f'drift_p_value{{slot="{SLOT}"}}'] == drifted["p_value"]
    assert values[f'drift_distance{{slot="{SLOT}"}}'] == drifted["distance"] > drifted["threshold"]
    assert values[f'drift_windows_recent{{drift="true",slot="{SLOT}"}}'] == 1
    assert values[f'drift_windows_recent{{drift="false",slot="{SLOT}"}}'] == 0
    assert values[f'drift_backlog_samples{{slot="{SLOT}"}}'] == 0
    assert detector.stop() == ENDED


def test_a_missing_reference_stops_the_start(tmp_path: Path) -> None:
    """Without its reference the program ends with code 2 and one line."""
    program = DetectorProgram(
        tmp_path / "out", {"DETECTOR": "mmd", "REFERENCE": tmp_path / "none.safetensors"}
    )
    program.start()
    assert program.wait() == 2
    [line] = program.output.read_text().splitlines()
    assert "run `python download_models.py`" in line


def test_an_address_that_is_none_stops_the_start(tmp_path: Path) -> None:
    """A MONGODB_URI that cannot be read is one line that names the variable."""
    settings = {"DETECTOR": "mmd", "REFERENCE": write_reference(tmp_path), "MONGODB_URI": "mongodb://"}
    program = DetectorProgram(tmp_path / "out", settings)
    program.start()
    assert program.wait() == 2
    [line] = program.output.read_text().splitlines()
    assert line.startswith("MONGODB_URI")


def test_without_a_database_it_starts_and_scores_what_clients_bring(tmp_path: Path) -> None:
    """A database that was never there is no reason not to be ready, and the end is still quick."""
    nobody = "mongodb://127.0.0.1:1/drift_detection"
    settings = {"DETECTOR": "mmd", "REFERENCE": write_reference(tmp_path), "MONGODB_URI": nobody}
    program = DetectorProgram(tmp_path / "out", settings)
    program.start()
    program.wait_until_ready()
    answer = program.post("/driftdetect", {"batch": [[float(i + j) for j in range(8)] for i in range(20)]})
    assert answer.json()["drift"] is True
    started = time.monotonic()
    assert program.stop() == ENDED
    assert time.monotonic() - started < 10
