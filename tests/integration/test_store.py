"""What the store promises, against a database over a real socket."""

import asyncio
import socket
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pymongo import AsyncMongoClient

from mongodb.documents import Result, Sample
from mongodb.feedback import Feedback, FeedbackSums, LabelledPackage, SampledPrediction
from mongodb.indexes import EXPIRING
from mongodb.positions import START, settled_before
from mongodb.store import SamplesRejected, Store, StoreUnavailable
from service.traffic import TRIALS
from tests.integration.conftest import MongodbServer

SLOT, PACKAGE = "model_server", "a" * 64
LATER = "f" * 24


def sample(number: int = 0, slot: str = SLOT, package: str = PACKAGE) -> Sample:
    """Make a sample that carries its number in its embedding."""
    embedding = np.array([number, 0.5, -1e-7], dtype=np.float32)
    now = datetime.now(UTC)
    return Sample(f"request-{number}", slot, "small-cnn", "1", package, now, embedding, "apple", 0.75)


def result(window: str = START, window_end: str = "a" * 24) -> Result:
    """Make a result of the window that starts after `window`."""
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    numbers: dict[str, Any] = {"n": 100, "dropped": 1, "p_value": 0.25, "distance": 0.125, "threshold": 0.5}
    return Result(
        slot=SLOT,
        model="small-cnn",
        version="1",
        package_sha256=PACKAGE,
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
    [stored] = await store.waiting_samples(SLOT, PACKAGE, START, LATER, 10)
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
    while page := await store.waiting_samples(SLOT, PACKAGE, position, LATER, 7):
        seen += [stored.sample.request_id for stored in page if stored.sample]
        position = page[-1].position
    assert seen == [f"request-{number}" for number in range(50)]


async def test_a_repeated_batch_is_stored_once(store: Store) -> None:
    """The same samples given again, alone or among others, are not stored twice."""
    batch = [sample(number) for number in range(5)]
    await store.insert_samples(batch)
    await store.insert_samples([*batch, sample(5)])
    assert await store.count_waiting(SLOT, PACKAGE, START) == 6


async def test_a_late_batch_is_not_behind_the_readers(store: Store) -> None:
    """Samples made before the reader's cursor but written after it still lie in front of it."""
    late = [sample(number) for number in range(3)]
    await store.insert_samples([sample(9)])
    [newest] = await store.waiting_samples(SLOT, PACKAGE, START, LATER, 10)
    await store.insert_samples(late)
    assert await store.count_waiting(SLOT, PACKAGE, newest.position) == 3


async def test_fresh_samples_are_not_settled(store: Store) -> None:
    """A sample that was just written lies beyond the point up to which readers may go."""
    await store.insert_samples([sample()])
    now = datetime.now(UTC)
    assert await store.waiting_samples(SLOT, PACKAGE, START, settled_before(now), 10) == []
    assert (
        len(await store.waiting_samples(SLOT, PACKAGE, START, settled_before(now + timedelta(seconds=5)), 10))
        == 1
    )


@pytest.mark.parametrize("bad", [{"confidence": float("nan")}, {"label": "\ud800"}, {"label": "x" * 2**24}])
async def test_what_can_never_be_stored_is_rejected_alone(store: Store, bad: dict[str, Any]) -> None:
    """A sample that no database takes is reported, and costs its batch nothing."""
    with pytest.raises(SamplesRejected) as raised:
        await store.insert_samples([sample(1), replace(sample(2), **bad), sample(3)])
    assert raised.value.count == 1
    assert await store.count_waiting(SLOT, PACKAGE, START) == 2


async def test_a_damaged_document_keeps_its_position(mongodb_uri: str, store: Store) -> None:
    """A document with too few bytes for its width is given as unreadable, not as an error."""
    await store.insert_samples([sample(1), sample(2)])
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri) as client:
        change = {"$set": {"embedding_width": 99}}
        await client.get_default_database().samples.update_one({"request_id": "request-1"}, change)
    damaged, whole = await store.waiting_samples(SLOT, PACKAGE, START, LATER, 10)
    assert damaged.sample is None
    assert whole.sample is not None
    assert START < damaged.position < whole.position


async def test_prepare_can_be_repeated(mongodb_uri: str, store: Store) -> None:
    """Preparing again, from two programs at once, changes nothing."""
    other = Store(mongodb_uri)
    await asyncio.gather(store.prepare(), other.prepare(), store.prepare())
    await other.close()
    assert expiry(await indexes_of(mongodb_uri, "samples")) == []


@pytest.mark.parametrize("name", ["samples", "feedback"])
async def test_mongodb_removes_what_has_expired(
    mongodb_uri: str, store: Store, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """After seven days, also where an index with another time is there."""

    async def never(_: object) -> bool:
        return False

    monkeypatch.setattr("mongodb.indexes.looks_for_expired_each_time", never)
    await store.prepare()
    date = EXPIRING[name]
    assert expiry(await indexes_of(mongodb_uri, name)) == [(604800, [date])]


async def test_samples_that_nobody_else_removes_are_removed_after_seven_days(
    mongodb_uri: str, store: Store
) -> None:
    """NX-27017 would look for them before each command, and read all of them; an older index of that goes."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri) as client:
        database = client.get_default_database()
        await database.samples.drop_indexes()
        await database.samples.create_index("created_at", expireAfterSeconds=60)
    await store.prepare()
    assert expiry(await indexes_of(mongodb_uri, "samples")) == []
    now = datetime.now(UTC)
    ages = [replace(sample(days), created_at=now - timedelta(days=days)) for days in (8, 6)]
    await store.insert_samples(ages)
    await store.remove_expired(now)
    [left] = await store.waiting_samples(SLOT, PACKAGE, START, LATER, 10)
    assert left.sample is not None
    assert left.sample.request_id == "request-6"


def expiry(indexes: Mapping[str, Any]) -> list[tuple[int, list[str]]]:
    """Return the seconds and the fields of the indexes by which a server removes documents."""
    return [
        (one["expireAfterSeconds"], [*dict(one["key"])])
        for one in indexes.values()
        if "expireAfterSeconds" in one
    ]


async def indexes_of(mongodb_uri: str, name: str) -> Mapping[str, Any]:
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri) as client:
        return dict(await client.get_default_database()[name].index_information())


async def test_a_window_has_one_result(store: Store) -> None:
    """The second result of a window is refused, and the first one stays as it was."""
    assert await store.add_result(result())
    assert not await store.add_result(replace(result(), p_value=0.9))
    assert await store.result(SLOT, PACKAGE, START) == result()
    assert await store.result("model_server_new", PACKAGE, START) is None


async def test_results_come_newest_first(store: Store) -> None:
    """The newest results are those of the last windows, as many as were asked for."""
    ends = [f"{number:024x}" for number in range(1, 6)]
    for window, end in zip([START, *ends], ends, strict=False):
        await store.add_result(result(window, end))
    assert [one.window_end for one in await store.newest_results(SLOT, 3)] == ends[:1:-1]


async def test_packages_of_a_slot_are_read_apart(store: Store) -> None:
    """Samples of two packages that come in turns are two sequences, each with windows of its own."""
    await store.insert_samples([sample(number, package="ab"[number % 2] * 64) for number in range(6)])
    of_b = await store.waiting_samples(SLOT, "b" * 64, START, LATER, 10)
    assert [one.sample.request_id for one in of_b if one.sample] == ["request-1", "request-3", "request-5"]
    assert await store.count_waiting(SLOT, "b" * 64, of_b[0].position) == 2
    assert await store.add_result(result())
    assert await store.add_result(replace(result(), package_sha256="b" * 64))
    assert [one.package_sha256 for one in await store.newest_results(SLOT, 5, "b" * 64)] == ["b" * 64]
    assert len(await store.newest_results(SLOT, 5)) == 2


async def test_packages_are_found_by_their_samples(store: Store) -> None:
    """Each package that has samples gets a cursor that knows the newest; a look goes on from there."""
    await store.insert_samples([sample(0), sample(1, package="b" * 64), sample(2, slot="model_server_new")])
    found = {one.package_sha256: one for one in await store.look_for_packages(SLOT, LATER)}
    assert set(found) == {PACKAGE, "b" * 64}
    assert found[PACKAGE].position == START < found[PACKAGE].newest < found["b" * 64].newest
    assert (found[PACKAGE].model, found[PACKAGE].version, found[PACKAGE].has_waiting) == (
        "small-cnn",
        "1",
        True,
    )
    assert await store.move_cursor(SLOT, PACKAGE, START, found[PACKAGE].newest)
    await store.insert_samples([sample(3, package="c" * 64)])
    again = {one.package_sha256: one for one in await store.look_for_packages(SLOT, LATER)}
    assert {name: one.has_waiting for name, one in again.items()} == {
        PACKAGE: False,
        "b" * 64: True,
        "c" * 64: True,
    }
    assert again["b" * 64] == found["b" * 64]


async def test_a_look_leaves_samples_that_have_not_settled(store: Store) -> None:
    """What was just written is for a later look: others before it may still be on their way."""
    await store.insert_samples([sample()])
    now = datetime.now(UTC)
    assert await store.look_for_packages(SLOT, settled_before(now)) == []
    assert len(await store.look_for_packages(SLOT, settled_before(now + timedelta(seconds=5)))) == 1


async def test_a_look_that_is_cut_short_misses_no_package(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the first of two packages is noted, the next look finds the second."""
    await store.insert_samples([sample(0, package="b" * 64), sample(1), sample(2, package="b" * 64)])
    note = Store._note

    class Killed(Exception):
        pass

    async def once(self: Store, slot: str, found: Any) -> None:
        await note(self, slot, found)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Store, "_note", once)
        with pytest.raises(Killed):
            await store.look_for_packages(SLOT, LATER)
    assert [one.package_sha256 for one in await store.cursors(SLOT)] == [PACKAGE]
    assert len(await store.look_for_packages(SLOT, LATER)) == 2


async def test_samples_from_before_packages_were_told_apart_are_left_alone(
    mongodb_uri: str, store: Store
) -> None:
    """A document of an older version names no package: no window is made of it, and nothing fails."""
    await store.insert_samples([sample(0), sample(1)])
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri) as client:
        change = {"$unset": {"package_sha256": ""}}
        await client.get_default_database().samples.update_one({"request_id": "request-0"}, change)
    [found] = await store.look_for_packages(SLOT, LATER)
    assert len(await store.waiting_samples(SLOT, found.package_sha256, START, LATER, 10)) == 1


async def test_an_older_databases_index_of_results_gives_way(mongodb_uri: str) -> None:
    """Where a slot's windows were unique by themselves, two packages' first windows are stored."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri) as client:
        await client.get_default_database().drift_results.create_index(
            [("slot", 1), ("window", 1)], unique=True
        )
    store = Store(mongodb_uri)
    await store.prepare()
    assert await store.add_result(result())
    assert await store.add_result(replace(result(), package_sha256="b" * 64))
    await store.close()


async def test_many_samples_cost_little(store: Store) -> None:
    """With thousands of samples waiting, finding packages and a window reads only what it needs."""
    for first in range(0, 5000, 1000):
        package = f"{first:064x}"
        await store.insert_samples([sample(number, package=package) for number in range(first, first + 1000)])
    await store.look_for_packages(SLOT, LATER)
    started = time.monotonic()
    for one in await store.look_for_packages(SLOT, LATER):
        assert len(await store.waiting_samples(SLOT, one.package_sha256, START, LATER, 100)) == 100
        assert await store.count_waiting(SLOT, one.package_sha256, one.newest) == 0
    assert time.monotonic() - started < 2


async def test_the_cursor_moves_only_from_where_it_is(store: Store) -> None:
    """Of two that move the cursor from one position, the second fails, also at the start."""
    assert await store.cursor(SLOT, PACKAGE) == START
    assert await store.move_cursor(SLOT, PACKAGE, START, "a" * 24)
    assert not await store.move_cursor(SLOT, PACKAGE, START, "b" * 24)
    assert await store.move_cursor(SLOT, PACKAGE, "a" * 24, "c" * 24)
    assert not await store.move_cursor(SLOT, PACKAGE, "a" * 24, "d" * 24)
    assert await store.cursor(SLOT, PACKAGE) == "c" * 24
    assert await store.cursor("model_server_new", PACKAGE) == START


async def test_a_database_that_is_away_and_back(mongodb_server: MongodbServer) -> None:
    """While the database is stopped everything is StoreUnavailable; back again, the repeat stores once."""
    store = Store(mongodb_server.uri("drift_detection"), timeout_seconds=1.0)
    await store.prepare()
    batch = [sample(number) for number in range(3)]
    await store.insert_samples(batch)
    mongodb_server.stop()
    for attempt in (store.insert_samples(batch), store.cursor(SLOT, PACKAGE), store.prepare()):
        with pytest.raises(StoreUnavailable):
            await attempt
    mongodb_server.start()
    await store.insert_samples(batch)
    assert await store.count_waiting(SLOT, PACKAGE, START) == 3
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


@pytest.mark.parametrize("traffic", TRIALS)
async def test_the_samples_of_trials_are_nothing_to_detectors(
    mongodb_uri: str, store: Store, traffic: str
) -> None:
    """No package, no window and no backlog has any of them; they are stored, in an order of their own."""
    trials = [replace(sample(number), traffic=traffic) for number in (0, 1, 3)]
    await store.insert_samples([replace(sample(9, package="b" * 64), traffic=traffic)])
    await store.insert_samples([*trials[:2], sample(2), trials[2]])
    await store.insert_samples(trials)  # given again
    [found] = await store.look_for_packages(SLOT, LATER)
    assert found.package_sha256 == PACKAGE
    [stored] = await store.waiting_samples(SLOT, PACKAGE, START, LATER, 10)
    assert stored.sample is not None
    assert (stored.sample.request_id, stored.position) == ("request-2", found.newest)
    assert await store.count_waiting(SLOT, PACKAGE, START) == 1
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri) as client:
        samples = client.get_default_database().samples
        positions = {"trial_position": {"$gt": START, "$lt": LATER}, "traffic": traffic}
        ordered = await (
            await samples.aggregate([{"$match": positions}, {"$sort": {"trial_position": 1}}])
        ).to_list()
    assert [one["request_id"] for one in ordered] == ["request-9", "request-0", "request-1", "request-3"]


async def test_an_older_databases_samples_are_users(mongodb_uri: str, store: Store) -> None:
    """They have no traffic, and are scored and labelled as before."""
    await store.insert_samples([sample(1)])
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri) as client:
        change = {"$unset": {"traffic": "", "probabilities": ""}}
        await client.get_default_database().samples.update_one({"request_id": "request-1"}, change)
    [stored] = await store.waiting_samples(SLOT, PACKAGE, START, LATER, 10)
    assert stored.sample is not None
    [prediction] = await store.sampled_predictions(["request-1"])
    assert (prediction.traffic, prediction.position) == ("user", stored.position)


async def test_predictions_are_found_by_their_request_ids(store: Store) -> None:
    """Of both slots, several of one id, and none of a shadow, whose answer nobody got."""
    both = [sample(1), sample(1, slot="model_server_new"), sample(2)]
    shadow = replace(sample(2, slot="model_server_new"), traffic="shadow")
    await store.insert_samples([*both, shadow, replace(sample(3), traffic="test"), sample(4)])
    found = await store.sampled_predictions(["request-1", "request-2", "request-3", "request-5"])
    assert sorted((one.request_id, one.slot, one.traffic) for one in found) == [
        ("request-1", "model_server", "user"),
        ("request-1", "model_server_new", "user"),
        ("request-2", "model_server", "user"),
        ("request-3", "model_server", "test"),
    ]
    by_id = {one.request_id: one for one in found}
    assert abs(by_id["request-2"].created_at - both[2].created_at) < timedelta(milliseconds=1)
    assert (by_id["request-2"].label, by_id["request-2"].package_sha256) == ("apple", PACKAGE)
    assert (bool(by_id["request-2"].position), by_id["request-3"].position) == (True, "")


async def test_the_classes_of_packages_are_kept(store: Store) -> None:
    """Noted again they stay; of an unknown package there are none."""
    package = LabelledPackage(PACKAGE, "small-cnn", "1", ("apple", "lemon"))
    await store.note_package(package)
    await store.note_package(package)
    await store.note_package(replace(package, package_sha256="b" * 64, classes=()))
    assert await store.classes([PACKAGE, "b" * 64, "c" * 64]) == {PACKAGE: ("apple", "lemon"), "b" * 64: ()}


async def predictions(store: Store, *samples: Sample) -> list[SampledPrediction]:
    """Store the samples and return the predictions, in order."""
    await store.insert_samples(samples)
    found = {
        one.request_id: one for one in await store.sampled_predictions([one.request_id for one in samples])
    }
    return [found[one.request_id] for one in samples]


async def test_the_last_feedback_about_a_prediction_stays(mongodb_uri: str, store: Store) -> None:
    """In one write, in the next one, and in two at the same time."""
    [one] = await predictions(store, sample(1))
    now = datetime.now(UTC)
    first, last = Feedback(one, "lemon", now), Feedback(one, "apple", now)
    await store.write_feedback([last, first])
    assert (await store.feedback_sums(SLOT, PACKAGE, START)).correct == 0
    await store.write_feedback([first, last])
    sums = await store.feedback_sums(SLOT, PACKAGE, START)
    assert (sums.labels, sums.correct) == (1, 1)
    other = Store(mongodb_uri)
    await asyncio.gather(*(each.write_feedback([last]) for each in (store, other) for _ in range(10)))
    assert (await store.feedback_sums(SLOT, PACKAGE, START)).labels == 1
    await other.close()


async def test_feedback_is_added_up_for_a_package(store: Store) -> None:
    """Of users' samples behind a position: trials, other slots and other packages are not in it."""
    samples = [
        sample(0),
        sample(1),
        sample(2),
        replace(sample(3), traffic="test"),
        sample(4, slot="model_server_new"),
        sample(5, package="b" * 64),
    ]
    before, *others = await predictions(store, *samples)
    late = [one.created_at + timedelta(seconds=3) for one in [before, *others]]
    labels = ["apple", "apple", "lemon", "apple", "apple", "apple"]
    await store.write_feedback(
        [Feedback(*each) for each in zip([before, *others], labels, late, strict=True)]
    )
    sums = await store.feedback_sums(SLOT, PACKAGE, before.position)
    assert (sums.labels, sums.correct) == (2, 1)
    assert sums.delay_seconds == pytest.approx(6, abs=0.01)
    assert await store.feedback_sums(SLOT, "c" * 64, START) == FeedbackSums()


async def test_a_database_that_is_away_takes_no_feedback(mongodb_server: MongodbServer) -> None:
    """Each of the methods says so, within the time that nginx gives a slot."""
    store = Store(mongodb_server.uri("drift_detection"))
    [one] = await predictions(store, sample(1))
    mongodb_server.pause()
    for attempt in (
        store.sampled_predictions(["request-1"]),
        store.classes([PACKAGE]),
        store.write_feedback([Feedback(one, "apple", datetime.now(UTC))]),
    ):
        started = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await attempt
        assert time.monotonic() - started < 2.2
    mongodb_server.resume()
    await store.close()
