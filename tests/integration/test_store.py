"""What the store promises, against a database over a real socket."""

import asyncio
import socket
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pymongo import AsyncMongoClient

from mongodb.documents import Result, Sample
from mongodb.positions import START, settled_before
from mongodb.store import SamplesRejected, Store, StoreUnavailable
from tests.integration.conftest import MongodbServer

SLOT = "model_server"
LATER = "f" * 24


def sample(number: int = 0, slot: str = SLOT) -> Sample:
    """Make a sample that carries its number in its embedding."""
    embedding = np.array([number, 0.5, -1e-7], dtype=np.float32)
    return Sample(f"request-{number}", slot, "small-cnn", "1", datetime.now(UTC), embedding, "apple", 0.75)


def result(window: str = START, window_end: str = "a" * 24) -> Result:
    """Make a result of the window that starts after `window`."""
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    numbers: dict[str, Any] = {"n": 100, "dropped": 1, "p_value": 0.25, "distance": 0.125, "threshold": 0.5}
    return Result(
        slot=SLOT,
        window=window,
        window_end=window_end,
        **numbers,
        p_value_threshold=0.05,
        drift=False,
        detector="mmd",
        reference_sha256="00",
        first_sample_at=at,
        last_sample_at=at + timedelta(seconds=1),
        scored_at=at + timedelta(seconds=2),
    )


async def test_samples_come_back_as_they_were_written(store: Store) -> None:
    """A sample is read in its slot with the very bits of its embedding and an aware time."""
    written = sample(7)
    await store.insert_samples([written, sample(8, slot="model_server_new")])
    [stored] = await store.waiting_samples(SLOT, START, LATER, 10)
    read = stored.sample
    assert read is not None
    assert read.embedding.tobytes() == written.embedding.tobytes()
    assert abs(read.created_at - written.created_at) < timedelta(milliseconds=1)
    assert (read.id, read.request_id, read.label, read.confidence) == (written.id, "request-7", "apple", 0.75)


async def test_samples_come_in_the_order_of_writing(store: Store) -> None:
    """A reader that goes from position to position meets every sample once, in order."""
    for first in range(0, 50, 10):
        await store.insert_samples([sample(number) for number in range(first, first + 10)])
    seen, position = [], START
    while page := await store.waiting_samples(SLOT, position, LATER, 7):
        seen += [stored.sample.request_id for stored in page if stored.sample]
        position = page[-1].position
    assert seen == [f"request-{number}" for number in range(50)]


async def test_a_repeated_batch_is_stored_once(store: Store) -> None:
    """The same samples given again, alone or among others, are not stored twice."""
    batch = [sample(number) for number in range(5)]
    await store.insert_samples(batch)
    await store.insert_samples([*batch, sample(5)])
    assert await store.count_waiting(SLOT, START) == 6


async def test_a_late_batch_is_not_behind_the_readers(store: Store) -> None:
    """Samples made before the reader's cursor but written after it still lie in front of it."""
    late = [sample(number) for number in range(3)]
    await store.insert_samples([sample(9)])
    [newest] = await store.waiting_samples(SLOT, START, LATER, 10)
    await store.insert_samples(late)
    assert await store.count_waiting(SLOT, newest.position) == 3


async def test_fresh_samples_are_not_settled(store: Store) -> None:
    """A sample that was just written lies beyond the point up to which readers may go."""
    await store.insert_samples([sample()])
    now = datetime.now(UTC)
    assert await store.waiting_samples(SLOT, START, settled_before(now), 10) == []
    assert len(await store.waiting_samples(SLOT, START, settled_before(now + timedelta(seconds=5)), 10)) == 1


@pytest.mark.parametrize("bad", [{"confidence": float("nan")}, {"label": "\ud800"}, {"label": "x" * 2**24}])
async def test_what_can_never_be_stored_is_rejected_alone(store: Store, bad: dict[str, Any]) -> None:
    """A sample that no database takes is reported, and costs its batch nothing."""
    with pytest.raises(SamplesRejected) as raised:
        await store.insert_samples([sample(1), replace(sample(2), **bad), sample(3)])
    assert raised.value.count == 1
    assert await store.count_waiting(SLOT, START) == 2


async def test_a_damaged_document_keeps_its_position(mongodb_uri: str, store: Store) -> None:
    """A document with too few bytes for its width is given as unreadable, not as an error."""
    await store.insert_samples([sample(1), sample(2)])
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri) as client:
        change = {"$set": {"embedding_width": 99}}
        await client.get_default_database().samples.update_one({"request_id": "request-1"}, change)
    damaged, whole = await store.waiting_samples(SLOT, START, LATER, 10)
    assert damaged.sample is None
    assert whole.sample is not None
    assert START < damaged.position < whole.position


async def test_prepare_can_be_repeated(mongodb_uri: str, store: Store) -> None:
    """Preparing again, from two programs at once, changes nothing and the old samples' index has its time."""
    other = Store(mongodb_uri)
    await asyncio.gather(store.prepare(), other.prepare(), store.prepare())
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri) as client:
        indexes = await client.get_default_database().samples.index_information()
    assert [one["expireAfterSeconds"] for one in indexes.values() if "expireAfterSeconds" in one] == [604800]
    await other.close()


async def test_prepare_takes_an_index_that_is_there(mongodb_uri: str) -> None:
    """A database whose samples already expire at another time can be prepared and used."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri) as client:
        await client.get_default_database().samples.create_index("created_at", expireAfterSeconds=60)
    store = Store(mongodb_uri)
    await store.prepare()
    await store.insert_samples([sample()])
    assert await store.count_waiting(SLOT, START) == 1
    await store.close()


async def test_a_window_has_one_result(store: Store) -> None:
    """The second result of a window is refused, and the first one stays as it was."""
    assert await store.add_result(result())
    assert not await store.add_result(replace(result(), p_value=0.9))
    assert await store.result(SLOT, START) == result()
    assert await store.result("model_server_new", START) is None


async def test_results_come_newest_first(store: Store) -> None:
    """The newest results are those of the last windows, as many as were asked for."""
    ends = [f"{number:024x}" for number in range(1, 6)]
    for window, end in zip([START, *ends], ends, strict=False):
        await store.add_result(result(window, end))
    assert [one.window_end for one in await store.newest_results(SLOT, 3)] == ends[:1:-1]


async def test_the_cursor_moves_only_from_where_it_is(store: Store) -> None:
    """Of two that move the cursor from one position, the second fails, also at the start."""
    assert await store.cursor(SLOT) == START
    assert await store.move_cursor(SLOT, START, "a" * 24)
    assert not await store.move_cursor(SLOT, START, "b" * 24)
    assert await store.move_cursor(SLOT, "a" * 24, "c" * 24)
    assert not await store.move_cursor(SLOT, "a" * 24, "d" * 24)
    assert await store.cursor(SLOT) == "c" * 24
    assert await store.cursor("model_server_new") == START


async def test_a_database_that_is_away_and_back(mongodb_server: MongodbServer) -> None:
    """While the database is stopped everything is StoreUnavailable; back again, the repeat stores once."""
    store = Store(mongodb_server.uri("drift_detection"), timeout_seconds=1.0)
    await store.prepare()
    batch = [sample(number) for number in range(3)]
    await store.insert_samples(batch)
    mongodb_server.stop()
    for attempt in (store.insert_samples(batch), store.cursor(SLOT), store.prepare()):
        with pytest.raises(StoreUnavailable):
            await attempt
    mongodb_server.start()
    await store.insert_samples(batch)
    assert await store.count_waiting(SLOT, START) == 3
    await store.close()


async def test_a_database_that_hangs_is_given_up() -> None:
    """A server that accepts connections and never answers costs the timeout and no more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        store = Store(f"mongodb://127.0.0.1:{listener.getsockname()[1]}/drift_detection", timeout_seconds=0.5)
        started = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await store.insert_samples([sample()])
        assert time.monotonic() - started < 3
        await store.close()
