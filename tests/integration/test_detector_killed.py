"""The detector killed by SIGKILL, again and again, while samples come in."""

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from mongodb.documents import Result, Sample
from mongodb.positions import START
from mongodb.store import Store
from tests.integration.detector_program import DetectorProgram, until, write_reference

SLOT, WIDTH, LEAST = "model_server", 8, 10
END = "f" * 24


@pytest.fixture
def detector(tmp_path: Path, mongodb_uri: str) -> Iterator[DetectorProgram]:
    """Give a detector that scores windows of 40, or of 10 and more after a second."""
    settings = {
        "REFERENCE": write_reference(tmp_path, width=WIDTH),
        "MONGODB_URI": mongodb_uri,
        "DETECTOR": "mmd",
        "PERMUTATIONS": 5000,  # so that a kill can meet it while it scores
        "WINDOW_SIZE": 40,
        "WINDOW_MIN_SAMPLES": LEAST,
        "WINDOW_MAX_WAIT_SECONDS": 1,
        "SCORE_INTERVAL_SECONDS": 0.2,
    }
    program = DetectorProgram(tmp_path / "detector.log", settings)
    yield program
    program.kill()


async def write(store: Store, count: int, numbers: np.random.Generator) -> None:
    """Write samples in one batch, as a model server does."""
    now = datetime.now(UTC)
    embeddings = numbers.normal(size=(count, WIDTH)).astype(np.float32)
    await store.insert_samples(
        [Sample("r", SLOT, "small-cnn", "1", now, embedding, "apple", 0.9) for embedding in embeddings]
    )


async def has_more_results(store: Store, known: int) -> bool:
    """Tell whether a result has come since."""
    return len(await store.newest_results(SLOT, 10_000)) > known


async def is_worked_off(store: Store) -> bool:
    """Tell whether too few samples wait for a window."""
    return await store.count_waiting(SLOT, await store.cursor(SLOT)) < LEAST


async def assert_each_sample_once(store: Store, written: int) -> list[Result]:
    """Check that the windows follow each other and each holds just what lies between its ends."""
    samples = await store.waiting_samples(SLOT, START, END, written + 1)
    results = (await store.newest_results(SLOT, 10_000))[::-1]
    position = START
    for result in results:
        assert result.window == position
        inside = [one for one in samples if position < one.position <= result.window_end]
        assert len(inside) == result.n
        position = result.window_end
    waiting = await store.count_waiting(SLOT, position)
    assert await store.cursor(SLOT) == position
    assert len(samples) == written == sum(result.n for result in results) + waiting
    assert waiting < LEAST
    return results


async def test_killed_at_any_moment_no_window_is_missing_and_none_twice(
    store: Store, detector: DetectorProgram
) -> None:
    """Eight kills, half of them as soon as a result is written: all samples count once."""
    moments, numbers, written = random.Random(20261121), np.random.default_rng(1), 0
    for kill in range(8):
        detector.start()
        detector.wait_until_ready()
        for _ in range(3):
            count = moments.randint(20, 90)
            await write(store, count, numbers)
            written += count
        known = len(await store.newest_results(SLOT, 10_000))
        if kill % 2:
            await until(lambda known=known: has_more_results(store, known))  # type: ignore[misc]
        else:
            await asyncio.sleep(moments.uniform(0, 4))
        detector.kill()
    detector.start()
    await until(lambda: is_worked_off(store))
    detector.kill()
    results = await assert_each_sample_once(store, written)
    assert {result.n for result in results} - {40}, "no partial window was among them"
