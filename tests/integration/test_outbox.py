"""The outbox, in a database over a real socket."""

from datetime import UTC, datetime, timedelta

import pytest

from mongodb.outbox import Backlog, Delivery, GivenUp, Message, Outbox
from mongodb.store import Store, StoreUnavailable
from tests.integration.conftest import MongodbServer

NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)
PROMOTED = Message("release:1:promoted", "Promoted", "It was good.")


@pytest.fixture
async def outbox(store: Store) -> Outbox:
    """Give an empty outbox with two channels."""
    outbox = store.outbox(["mailto_1", "json_1"])
    await outbox.prepare()
    return outbox


async def test_a_message_waits_for_each_channel(outbox: Outbox) -> None:
    """With its words and its time, which is aware."""
    assert await outbox.put(PROMOTED, NOW)
    for channel in ("mailto_1", "json_1"):
        (waiting,) = await outbox.waiting(channel)
        assert waiting == Delivery("release:1:promoted", "Promoted", "It was good.", NOW, 0, None, False)
    assert await outbox.waiting("mailto_2") == []


async def test_a_message_is_put_once(outbox: Outbox) -> None:
    """Its key is what it is about: whoever puts it again changes nothing, also once it was sent."""
    await outbox.put(PROMOTED, NOW)
    assert not await outbox.put(Message(PROMOTED.key, "Other words", ""), NOW)
    assert [one.subject for one in await outbox.waiting("json_1")] == ["Promoted"]
    for channel in ("mailto_1", "json_1"):
        await outbox.note_taken(PROMOTED.key, channel, NOW)
    assert not await outbox.put(PROMOTED, NOW)
    assert await outbox.waiting("json_1") == []


async def test_what_was_told_is_known(outbox: Outbox) -> None:
    """By all that a message names, or by its key where it names nothing."""
    await outbox.put(Message("alerts:1", "", "", ("alert:a", "alert:b")), NOW)
    await outbox.put(PROMOTED, NOW)
    asked = ["alert:c", "alert:a", "release:1:promoted", "release:2:promoted"]
    assert await outbox.untold(asked) == ["alert:c", "release:2:promoted"]


async def test_the_oldest_goes_first(outbox: Outbox) -> None:
    """Whatever their keys."""
    for minutes, key in enumerate("cab"):
        await outbox.put(Message(key, "", ""), NOW + timedelta(minutes=minutes))
    assert [one.key for one in await outbox.waiting("json_1")] == ["c", "a", "b"]
    assert [one.key for one in await outbox.waiting("json_1", limit=2)] == ["c", "a"]


async def test_an_attempt_that_began_is_seen_until_its_outcome_is_noted(outbox: Outbox) -> None:
    """So who starts after a kill knows that the message may have been sent; the other channel's is not."""
    await outbox.put(PROMOTED, NOW)
    await outbox.begin(PROMOTED.key, "json_1")
    (waiting,) = await outbox.waiting("json_1")
    assert (waiting.begun, waiting.attempts) == (True, 1)
    (other,) = await outbox.waiting("mailto_1")
    assert (other.begun, other.attempts) == (False, 0)
    await outbox.note_failed(PROMOTED.key, "json_1", NOW)
    (waiting,) = await outbox.waiting("json_1")
    assert (waiting.begun, waiting.attempts, waiting.failed_at) == (False, 1, NOW)


async def test_what_one_channel_took_still_waits_for_the_other(outbox: Outbox) -> None:
    """And the backlog counts it, since it was put."""
    await outbox.put(PROMOTED, NOW)
    assert (await outbox.backlog()).deliveries == 2
    await outbox.note_taken(PROMOTED.key, "json_1", NOW + timedelta(hours=1))
    assert await outbox.waiting("json_1") == []
    backlog = await outbox.backlog()
    assert backlog == Backlog(1, NOW, frozenset({"mailto_1"}))
    await outbox.note_taken(PROMOTED.key, "mailto_1", NOW)
    backlog = await outbox.backlog()
    assert backlog == Backlog(0, None, frozenset())


async def test_old_messages_are_given_up(outbox: Outbox) -> None:
    """For the channels that have not taken them; younger ones wait on."""
    await outbox.put(Message("old", "", ""), NOW)
    await outbox.note_taken("old", "json_1", NOW)
    await outbox.put(Message("young", "", ""), NOW + timedelta(hours=2))
    assert await outbox.give_up(NOW + timedelta(hours=1)) == [GivenUp("old", "mailto_1")]
    assert await outbox.give_up(NOW + timedelta(hours=1)) == []
    assert [one.key for one in await outbox.waiting("mailto_1")] == ["young"]


async def test_a_channel_that_is_no_more_gets_nothing(outbox: Outbox, store: Store) -> None:
    """What waited for it is given up; a new channel gets what is put from then on."""
    await outbox.put(PROMOTED, NOW)
    later = store.outbox(["json_1", "slack_1"])
    assert await later.give_up(NOW - timedelta(days=3)) == [GivenUp(PROMOTED.key, "mailto_1")]
    assert await later.waiting("slack_1") == []
    assert [one.key for one in await later.waiting("json_1")] == [PROMOTED.key]


async def test_without_a_channel_a_message_is_known_and_waits_for_nobody(store: Store) -> None:
    """Nothing is sent, and nothing is given up."""
    outbox = store.outbox([])
    assert await outbox.put(PROMOTED, NOW)
    assert not await outbox.put(PROMOTED, NOW)
    assert (await outbox.backlog()).deliveries == 0
    assert await outbox.give_up(NOW + timedelta(days=9)) == []


async def test_messages_are_removed_after_two_weeks(outbox: Outbox) -> None:
    """By the database itself, whether somebody took them or not."""
    indexes = (await outbox._messages.index_information()).values()
    assert [one["expireAfterSeconds"] for one in indexes if "expireAfterSeconds" in one] == [14 * 24 * 3600]


async def test_an_outage_is_told_as_one(mongodb_server: MongodbServer) -> None:
    """Every method raises StoreUnavailable, and nothing of the driver's."""
    store = Store(mongodb_server.uri("outage"), timeout_seconds=1.0)
    outbox = store.outbox(["json_1"])
    await outbox.prepare()
    mongodb_server.stop()
    calls = [
        outbox.prepare(),
        outbox.put(PROMOTED, NOW),
        outbox.untold(["a"]),
        outbox.waiting("json_1"),
        outbox.backlog(),
        outbox.begin("a", "json_1"),
        outbox.note_taken("a", "json_1", NOW),
        outbox.note_failed("a", "json_1", NOW),
        outbox.give_up(NOW),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable):
            await call
    mongodb_server.start()
    assert await outbox.waiting("json_1") == []
    await store.close()
