"""A shadow's pairs, joined and counted once against a database over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from mongodb.documents import Sample
from mongodb.feedback import LabelledPackage
from mongodb.positions import settled_before
from mongodb.store import Store
from release.routes.shadow import shadow_router
from release.shadow import pairs as shadow_pairs
from release.shadow.comparison import Comparison
from release.shadow.metrics import ShadowMetrics
from release.shadow.pairs import PairStore, ShadowPairs
from service.slots import CANDIDATE, STABLE

OLD, NEW = "a" * 64, "b" * 64
Database = AsyncDatabase[dict[str, Any]]


def sample(
    request_id: str, label: str, *, shadow: bool = False, row: int = 0, probabilities: tuple[float, ...] = ()
) -> Sample:
    """Make production's sample of a request, or its shadow's."""
    return Sample(
        request_id=request_id,
        slot=CANDIDATE if shadow else STABLE,
        model="cnn",
        version="2" if shadow else "1",
        package_sha256=NEW if shadow else OLD,
        created_at=datetime.now(UTC),
        embedding=np.zeros(3, np.float32),
        label=label,
        confidence=0.5,
        traffic="shadow" if shadow else "user",
        probabilities=probabilities,
        row=row,
    )


def pairs(count: int, first: int = 0) -> list[Sample]:
    """Make so many pairs, of which every tenth disagrees."""
    numbers = range(first, first + count)
    users = [sample(f"r{n}", "apple") for n in numbers]
    copies = [sample(f"r{n}", "apple" if n % 10 else "lemon", shadow=True) for n in numbers]
    return [*users, *copies]


async def keep(store: Store, samples: Sequence[Sample]) -> None:
    """Store them in batches, as the servers do."""
    for first in range(0, len(samples), 100):
        await store.insert_samples(samples[first : first + 100])


@dataclass
class Watched:
    """What was shown last."""

    comparison: Comparison | None = None

    def show(self, comparison: Comparison) -> None:
        """Take it."""
        self.comparison = comparison


def later() -> datetime:
    """Return a time at which all that is stored now is settled."""
    return datetime.now(UTC) + timedelta(minutes=1)


def job(database: Database, watched: Watched, now: Callable[[], datetime] = later) -> ShadowPairs:
    """Make the job that joins, as a process that has just started has it."""
    return ShadowPairs(PairStore(database), watched.show, now)


@pytest.fixture
async def database(mongodb_uri: str, store: Store) -> AsyncIterator[Database]:
    """Give the prepared database."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
        yield client.get_default_database()


async def test_pairs_are_joined_and_counted_once(database: Database, store: Store) -> None:
    """However often one looks, and over as many pages as there are."""
    await keep(store, pairs(250))
    watched = Watched()
    for _ in range(2):
        await job(database, watched).run()
    assert watched.comparison is not None
    [tally] = watched.comparison.tallies
    assert (tally.pairs, tally.disagreements) == (250, 25)
    assert tally.cells == {("apple", "apple"): 225, ("apple", "lemon"): 25}
    assert (tally.production.sha256, tally.candidate.sha256) == (OLD, NEW)
    await store.insert_samples(pairs(10, first=1000))
    await job(database, watched).run()
    assert watched.comparison.totals.pairs == 260


async def test_the_distance_is_by_class(database: Database, store: Store) -> None:
    """As each package has them."""
    await store.note_package(LabelledPackage(OLD, "cnn", "1", ("apple", "lemon")))
    await store.note_package(LabelledPackage(NEW, "cnn", "2", ("lemon", "apple")))
    two = [sample("a", "apple", probabilities=(0.75, 0.25))]
    two.append(sample("a", "apple", shadow=True, probabilities=(0.5, 0.5)))
    await store.insert_samples(two)
    watched = Watched()
    await job(database, watched).run()
    assert watched.comparison is not None
    assert watched.comparison.tallies[0].mean_distance == 0.25


async def test_every_input_of_a_request_has_its_pair(database: Database, store: Store) -> None:
    """By its place, in whatever order they were stored."""
    users = [sample("a", label, row=row) for row, label in enumerate("xyz")]
    copies = [sample("a", label, row=row, shadow=True) for row, label in enumerate("xyw")]
    await store.insert_samples([*users, *reversed(copies)])
    watched = Watched()
    await job(database, watched).run()
    assert watched.comparison is not None
    assert watched.comparison.tallies[0].cells == {("x", "x"): 1, ("y", "y"): 1, ("z", "w"): 1}


async def test_other_trials_are_no_copies(database: Database, store: Store) -> None:
    """Nor are they what production answered."""
    forced = replace(sample("a", "apple"), traffic="forced")
    tested = replace(sample("b", "apple", shadow=True), traffic="test")
    await store.insert_samples([forced, tested, sample("a", "x", shadow=True), sample("b", "x")])
    watched = Watched()
    await job(database, watched).run()
    assert watched.comparison is not None
    assert not watched.comparison.tallies
    assert watched.comparison.totals.unpaired == {"no_partner": 1, "ambiguous": 0, "no_classes": 0}


async def test_what_is_fresh_waits_for_its_partner(database: Database, store: Store) -> None:
    """Production's sample may be stored after the copy's."""
    copy = sample("a", "apple", shadow=True)
    await store.insert_samples([copy])
    watched = Watched()
    await job(database, watched, now=lambda: datetime.now(UTC)).run()
    assert watched.comparison is not None
    assert not watched.comparison.totals.unpaired["no_partner"]
    await store.insert_samples([sample("a", "apple")])
    await job(database, watched).run()
    assert watched.comparison.totals.pairs == 1


async def test_the_position_follows_while_there_are_no_copies(database: Database, store: Store) -> None:
    """From afar: what other trials left is not read for ever, and no copy of the last minute is passed by."""
    watched = Watched()
    await job(database, watched).run()
    now = datetime.now(UTC)
    assert watched.comparison is not None
    assert watched.comparison.position < settled_before(now + timedelta(seconds=1))
    assert watched.comparison.position > settled_before(now - timedelta(minutes=5))
    before = watched.comparison.position
    await job(database, watched).run()
    assert watched.comparison.position == before
    await store.insert_samples(pairs(1))
    await job(database, watched).run()
    assert watched.comparison.totals.pairs == 1


async def test_a_damaged_sample_keeps_nobody_from_going_on(database: Database, store: Store) -> None:
    """It is passed over."""
    await store.insert_samples(pairs(3))
    await database.samples.update_one({"request_id": "r1", "traffic": "shadow"}, {"$unset": {"model": 1}})
    watched = Watched()
    await job(database, watched).run()
    assert watched.comparison is not None
    assert watched.comparison.totals.pairs == 2


async def test_one_id_for_all_requests_costs_others_nothing(
    database: Database, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that always sends the same one makes no pairs, and takes nobody's."""
    monkeypatch.setattr(shadow_pairs, "MOST_PARTNERS", 20)
    same = [sample("same", "apple", shadow=shadow) for shadow in (False, True) for _ in range(50)]
    await keep(store, [*same, *pairs(10)])
    watched = Watched()
    await job(database, watched).run()
    assert watched.comparison is not None
    assert watched.comparison.totals.pairs == 10
    assert watched.comparison.totals.unpaired["ambiguous"] == 50


async def test_killed_at_any_instant_each_pair_is_counted_once(
    database: Database, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends before or after each of its words with the database, and another one goes on."""
    monkeypatch.setattr(shadow_pairs, "PAGE", 25)
    await keep(store, pairs(100))
    watched = Watched()
    for words, is_heard in ((number // 2, bool(number % 2)) for number in count()):
        await database.release_shadow.delete_many({})
        try:
            await ShadowPairs(Mortal(database, words, is_heard=is_heard), watched.show, later).run()
        except Killed:
            await job(database, watched).run()
        else:
            break
        assert watched.comparison is not None
        assert watched.comparison.totals.pairs == 100
        assert watched.comparison.tallies[0].disagreements == 10
    assert words >= 3 * 4  # of each of four pages


async def test_two_processes_count_each_pair_once(database: Database, store: Store) -> None:
    """One goes on from what the other has kept."""
    await keep(store, pairs(250))
    await asyncio.gather(*(job(database, Watched()).run() for _ in range(4)))
    watched = Watched()
    await job(database, watched).run()
    assert watched.comparison is not None
    assert watched.comparison.totals.pairs == 250


async def test_the_metrics_go_on_where_they_were(database: Database, store: Store) -> None:
    """A process that has just started shows no 0: it says nothing, then all that was ever counted."""
    await store.insert_samples(pairs(20))
    await job(database, Watched()).run()
    registry = CollectorRegistry()
    metrics = ShadowMetrics(registry, "shared")
    assert registry.get_sample_value("shadow_pairs_total", {"slot": "shared"}) is None
    await ShadowPairs(PairStore(database), metrics.show, later).run()
    of_all = {"slot": "shared"}
    assert registry.get_sample_value("shadow_pairs_total", of_all) == 20
    assert registry.get_sample_value("shadow_disagreements_total", of_all) == 2
    assert registry.get_sample_value("shadow_unpaired_total", {**of_all, "reason": "no_partner"}) == 0
    assert registry.get_sample_value("shadow_probability_distance_count", of_all) == 0
    assert registry.get_sample_value("shadow_probability_distance_sum", of_all) == 0


async def test_the_route_reports(database: Database, store: Store) -> None:
    """Rate, interval, distance, and the most frequent cells; the rest is a number."""
    await store.insert_samples(pairs(50))
    await job(database, Watched()).run()
    app = FastAPI()
    app.include_router(shadow_router(PairStore(database)))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://release") as client:
        report = (await client.get("/shadow", params={"cells": 1})).json()
    [one] = report["comparisons"]
    assert (one["pairs"], one["disagreements"], one["disagreement_rate"]) == (50, 5, 0.1)
    assert one["confusion"] == [{"production": "apple", "candidate": "apple", "pairs": 45}]
    assert one["pairs_elsewhere"] == 5
    assert one["candidate"] == {"model": "cnn", "version": "2", "sha256": NEW}
    low, high = one["disagreement_rate_interval"]
    assert low < 0.1 < high


class Killed(BaseException):
    """The process ended here."""


class Mortal(PairStore):
    """Ends after so many words with the database; the last one was heard there, or was not."""

    def __init__(self, database: Database, words: int, *, is_heard: bool) -> None:
        super().__init__(database)
        self._words = words
        self._is_heard = is_heard

    async def keep(self, before: Comparison, after: Comparison) -> bool:
        """Say a word."""
        return bool(await self._say(super().keep(before, after)))

    async def copies(self, after: str, before: str) -> Any:
        """Say a word."""
        return await self._say(super().copies(after, before))

    async def partners(self, request_ids: Any) -> Any:
        """Say a word."""
        return await self._say(super().partners(request_ids))

    async def _say(self, word: Any) -> Any:
        self._words -= 1
        if self._words >= 0:
            return await word
        if self._is_heard:
            await word
        else:
            word.close()
        raise Killed
