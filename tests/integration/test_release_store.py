"""What the release controller keeps, in a database over a real socket."""

from dataclasses import replace
from pathlib import Path

import pytest

from mongodb.store import Store, StoreUnavailable
from release import lifecycle
from release.counters import Series
from release.documents import Decision
from release.evidence import Arm, Labelled, Look
from release.packages import ReplacementJournal
from release.promotion import Replacement
from release.store import Conflict, ReleaseStore
from service.slots import STABLE
from tests.integration.conftest import MongodbServer
from tests.unit.release.made_up import GATE, NOW, a_decision, a_release, later


@pytest.fixture
async def releases(store: Store) -> ReleaseStore:
    """Give a store of no release."""
    found = ReleaseStore(store.database)
    await found.prepare()
    return found


async def test_a_release_is_read_as_it_was_written(releases: ReleaseStore) -> None:
    """With its plan, packages, routing and aware times; and with the last decision about it."""
    assert await releases.current() is None
    release = lifecycle.pause(a_release(ended_at=later(9)), "a person's edit")
    decision = a_decision(release, "pause", gates=[GATE], queries=["up"])
    await releases.change(None, release, decision)
    assert await releases.current() == (release, decision)


async def test_of_two_who_change_a_release_one_is_refused(releases: ReleaseStore) -> None:
    """The second one finds another than it has read; what it wanted is not there."""
    release = a_release()
    await releases.change(None, release, a_decision(release))
    paused, aborted = lifecycle.pause(release, "one"), lifecycle.abort(release, "two")
    await releases.change(release, paused, a_decision(paused))
    with pytest.raises(Conflict):
        await releases.change(release, aborted, a_decision(aborted))
    with pytest.raises(Conflict):
        await releases.change(None, a_release(id="r2"), a_decision(release))
    assert await releases.current() == (paused, a_decision(paused))


async def test_a_release_follows_one_that_has_ended(releases: ReleaseStore) -> None:
    """In its place, whatever their revisions are."""
    first = a_release(revision=7)
    await releases.change(None, first, a_decision(first))
    second = a_release(id="r2")
    await releases.change(first, second, a_decision(second))
    assert await releases.current() == (second, a_decision(second))


async def test_a_decision_is_recorded_once_and_never_changed(releases: ReleaseStore) -> None:
    """The newest ones come first."""
    release = a_release()
    for seconds in range(3):
        one = a_decision(replace(release, revision=seconds), at=later(seconds), gates=[GATE])
        await releases.record(one)
        await releases.record(replace(one, why="something else"))
    found = await releases.decisions(2)
    assert [(one.revision, one.why, list(one.gates)) for one in found] == [
        (2, "so", [GATE]),
        (1, "so", [GATE]),
    ]


async def test_an_order_between_releases_is_a_decision_like_others(releases: ReleaseStore) -> None:
    """It belongs to no release and to no phase, and who shows the newest ones is told of it."""
    order = Decision.between_releases("swap", "ann", "friday", later(5), 100)
    assert releases.recorded == ""
    await releases.record(order)
    assert releases.recorded == order.id
    [found] = await releases.decisions(2)
    assert found == replace(order, gates=[], queries=[])


async def test_looks_and_counters_are_kept(releases: ReleaseStore) -> None:
    """A look that was left without its counters is written over by the next of its number."""
    arm = Arm(10, 1, 9, 2, 7, 0.5, {"a.b": 3, "$c": 4}, 8.5, 9)
    look = Look(1, 0, 5, NOW, arm, Arm(), [Labelled(0, 1, 1, 2, 0)], is_settled=False)
    await releases.add_look("r1", replace(look, percent=99))
    await releases.add_look("r1", look)
    await releases.add_look("r1", replace(look, number=2))
    await releases.add_look("r2", look)
    assert list(await releases.looks("r1", 1)) == [look]
    assert await releases.counters("r1") is None
    counters = {Series("n", frozenset({("slot", "x"), ("le", "+Inf")})): 1.5}
    await releases.put_counters("r1", 1, NOW, {})
    await releases.put_counters("r1", 2, later(5), counters)
    assert await releases.counters("r1") == (2, later(5), counters)


async def test_looks_are_kept_for_a_time_and_decisions_for_ever(store: Store, releases: ReleaseStore) -> None:
    """With the counters at the last one, whose document has its time, too."""
    await releases.put_counters("r1", 1, NOW, {})
    await releases.add_look("r1", Look(1, 0, 5, NOW, Arm(), Arm()))
    assert [one["at"] async for one in store.database.release_looks.find()] == [NOW, NOW]
    indexes = await store.database.release_looks.index_information()
    [expiring] = [one for one in indexes.values() if "expireAfterSeconds" in one]
    assert (expiring["expireAfterSeconds"], [*dict(expiring["key"])]) == (90 * 24 * 3600, ["at"])
    for kept in (store.database.release_decisions, store.database.release_state):
        assert not any("expireAfterSeconds" in one for one in (await kept.index_information()).values())


async def test_the_journal_keeps_the_last_replacement(store: Store) -> None:
    """A promotion with its folder, a rollback without one."""
    journal = ReplacementJournal(store.database, STABLE)
    assert await journal.read() is None
    promotion = Replacement(
        "promotion", "b" * 64, Path("/candidate"), "a" * 64, "refused", "it has no weights"
    )
    for one in (promotion, Replacement("rollback", "a" * 64)):
        await journal.record(one)
        assert await journal.read() == one


async def test_an_outage_is_told_as_one(mongodb_server: MongodbServer) -> None:
    """By whatever is asked; afterwards it answers again."""
    store = Store(mongodb_server.uri("outage"), timeout_seconds=1.0)
    releases = ReleaseStore(store.database)
    await releases.prepare()
    mongodb_server.stop()
    release = a_release()
    for call in (
        releases.prepare(),
        releases.current(),
        releases.change(None, release, a_decision(release)),
        releases.record(a_decision(release)),
        releases.decisions(1),
        releases.looks("r1", 1),
        releases.counters("r1"),
        ReplacementJournal(store.database, STABLE).read(),
    ):
        with pytest.raises(StoreUnavailable):
            await call
    mongodb_server.start()
    assert await releases.current() is None
    await store.close()
