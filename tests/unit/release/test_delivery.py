"""What is tried when, and what is noted when."""

# ruff: noqa: ARG002 - the arguments are those of what is stood in for

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from mongodb.outbox import Delivery, Message
from mongodb.store import StoreUnavailable
from release.notifications.delivery import ChannelJob, OutboxJob, is_due, pause_after
from release.notifications.metrics import NotificationMetrics
from service.clock import utc_now
from tests.unit.release.fakes import NOW, Clock, FakeChannel, MemoryOutbox


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> NotificationMetrics:
    return NotificationMetrics(registry, "shared", ["json"])


def sent(registry: CollectorRegistry, outcome: str) -> float | None:
    labels = {"slot": "shared", "channel": "json", "outcome": outcome}
    return registry.get_sample_value("notifications_sent_total", labels)


def delivery(attempts: int, failed_seconds_ago: float | None) -> Delivery:
    failed_at = None if failed_seconds_ago is None else NOW - timedelta(seconds=failed_seconds_ago)
    return Delivery("k", "s", "b", NOW, attempts, failed_at, False)


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 5), (1, 5), (2, 10), (3, 20), (7, 320), (8, 600), (9, 600), (10_000, 600)]
)
def test_the_pause_doubles_up_to_ten_minutes(attempts: int, seconds: float) -> None:
    """From five seconds on, however long it lasts."""
    assert pause_after(attempts) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("attempts", "failed_seconds_ago", "due"),
    [(0, None, True), (1, 4.9, False), (1, 5, True), (3, 19, False)],
)
def test_what_failed_rests(attempts: int, failed_seconds_ago: float | None, due: bool) -> None:
    """What never failed does not."""
    long_ago = NOW - timedelta(days=1)
    assert is_due(delivery(attempts, failed_seconds_ago), NOW, long_ago) == due


def test_a_channel_that_is_well_again_gets_everything_at_once() -> None:
    """What failed before it was well is due; what failed after that rests."""
    assert is_due(delivery(9, failed_seconds_ago=30), NOW, well_since=NOW - timedelta(seconds=20))
    assert not is_due(delivery(9, failed_seconds_ago=10), NOW, well_since=NOW - timedelta(seconds=20))


async def test_a_channel_gets_each_message_once(
    executor: ThreadPoolExecutor, metrics: NotificationMetrics, registry: CollectorRegistry
) -> None:
    """In their order; a later run has nothing to do."""
    outbox, channel = MemoryOutbox(), FakeChannel()
    for key in "abc":
        await outbox.put(Message(key, "", ""), NOW)
    job = ChannelJob(channel, outbox, metrics, executor, Clock())
    await job.run()
    await job.run()
    assert channel.tried == ["a", "b", "c"]
    assert await outbox.waiting("json_1") == []
    assert (sent(registry, "sent"), sent(registry, "failed")) == (3, 0)


async def test_what_a_channel_refuses_is_tried_after_a_pause(
    executor: ThreadPoolExecutor,
    metrics: NotificationMetrics,
    registry: CollectorRegistry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """And the log says why, with the channel's name and the message's key."""
    outbox, channel, clock = MemoryOutbox(), FakeChannel(complaint="451 not now"), Clock()
    await outbox.put(Message("a", "", ""), NOW)
    clock.pass_by(1)
    job = ChannelJob(channel, outbox, metrics, executor, clock)
    clock.pass_by(1)
    await job.run()
    clock.pass_by(4)
    await job.run()
    assert channel.tried == ["a"]
    clock.pass_by(1)
    channel.complaint = None
    await job.run()
    assert [one.key for one in channel.taken] == ["a"]
    assert (sent(registry, "sent"), sent(registry, "failed")) == (1, 1)
    (line,) = caplog.messages
    assert line == "the channel json_1 did not take a message (attempt 1): 451 not now"


async def test_a_message_that_is_never_taken_delays_no_other(
    executor: ThreadPoolExecutor, metrics: NotificationMetrics
) -> None:
    """The channel gets what comes after it at once."""
    outbox, channel = MemoryOutbox(), FakeChannel(fails_on=frozenset({"bad"}))
    for key in ("bad", "good"):
        await outbox.put(Message(key, "", ""), NOW)
    await ChannelJob(channel, outbox, metrics, executor, Clock()).run()
    assert [one.key for one in channel.taken] == ["good"]


async def test_what_was_sent_is_not_sent_again_when_the_database_goes_away(
    executor: ThreadPoolExecutor, metrics: NotificationMetrics
) -> None:
    """The outcome is kept, and noted first when the database is back."""
    outbox, channel = MemoryOutbox(), FakeChannel()
    for key in "ab":
        await outbox.put(Message(key, "", ""), NOW)
    outbox.away_after_begin = True
    job = ChannelJob(channel, outbox, metrics, executor, Clock())
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await job.run()
    outbox.away = outbox.away_after_begin = False
    await job.run()
    assert channel.tried == ["a", "b"]
    assert await outbox.waiting("json_1") == []


async def test_while_the_database_is_away_nothing_is_sent(
    executor: ThreadPoolExecutor, metrics: NotificationMetrics
) -> None:
    """An attempt that cannot be noted is none."""

    class AwayAtBegin(MemoryOutbox):
        async def begin(self, key: str, channel: str) -> None:
            raise StoreUnavailable("gone")

    outbox, channel = AwayAtBegin(), FakeChannel()
    await outbox.put(Message("a", "", ""), NOW)
    with pytest.raises(StoreUnavailable):
        await ChannelJob(channel, outbox, metrics, executor, Clock()).run()
    assert channel.tried == []


async def test_a_repeat_is_told_as_one(executor: ThreadPoolExecutor, metrics: NotificationMetrics) -> None:
    """After a kill between the note and the outcome; what failed before was no such attempt."""
    outbox, channel = MemoryOutbox(), FakeChannel()
    await outbox.put(Message("a", "", ""), NOW)
    await outbox.begin("a", "json_1")
    await ChannelJob(channel, outbox, metrics, executor, Clock()).run()
    assert [one.begun for one in channel.taken] == [True]


async def test_a_fault_in_a_channels_code_is_a_failure_like_another(
    executor: ThreadPoolExecutor, metrics: NotificationMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """Its text may quote the URL, so only its kind is told."""

    class BrokenChannel(FakeChannel):
        def send(self, delivery: Delivery) -> str | None:
            raise KeyError("s3cr3t")

    outbox = MemoryOutbox()
    await outbox.put(Message("a", "", ""), NOW)
    await ChannelJob(BrokenChannel(), outbox, metrics, executor, Clock()).run()
    assert "KeyError in the channel's own code" in caplog.text
    assert "s3cr3t" not in caplog.text


async def test_a_stop_waits_for_what_is_being_sent_and_begins_nothing(
    executor: ThreadPoolExecutor, metrics: NotificationMetrics
) -> None:
    """Its outcome is noted: the next start does not send it again."""
    begun, go = threading.Event(), threading.Event()

    class SlowChannel(FakeChannel):
        def send(self, delivery: Delivery) -> str | None:
            begun.set()
            go.wait(10)
            return super().send(delivery)

    outbox, channel = MemoryOutbox(), SlowChannel()
    for key in "ab":
        await outbox.put(Message(key, "", ""), NOW)
    job = ChannelJob(channel, outbox, metrics, executor, Clock())
    running = asyncio.create_task(job.run())
    await asyncio.to_thread(begun.wait, 10)
    stopping = asyncio.create_task(job.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    go.set()
    await stopping
    await running
    assert [one.key for one in await outbox.waiting("json_1")] == ["b"]


async def test_what_nobody_took_for_three_days_is_given_up_counted_and_logged(
    metrics: NotificationMetrics, registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    """Not a second before that."""
    outbox, clock = MemoryOutbox(), Clock()
    await outbox.put(Message("a", "", ""), NOW)
    clock.pass_by(3 * 24 * 3600)
    await OutboxJob(outbox, metrics, ["json_1"], clock).run()
    assert (sent(registry, "given_up"), caplog.messages) == (0, [])
    clock.pass_by(1)
    await OutboxJob(outbox, metrics, ["json_1"], clock).run()
    assert sent(registry, "given_up") == 1
    assert caplog.messages == ["a message to the channel json_1 is given up: not taken for three days"]
    assert await outbox.waiting("json_1") == []


async def test_the_metrics_show_what_waits_and_how_long(registry: CollectorRegistry) -> None:
    """Also while nobody looks: the age grows from scrape to scrape. Nothing waits: it is 0."""
    metrics = NotificationMetrics(registry, "shared", [])
    outbox = MemoryOutbox(["json_1", "mailto_1"])
    job = OutboxJob(outbox, metrics, ["json_1", "mailto_1"])
    oldest = "notification_oldest_pending_seconds"
    await job.run()
    assert registry.get_sample_value(oldest, {"slot": "shared"}) == 0
    await outbox.put(Message("a", "", ""), utc_now() - timedelta(seconds=100))
    await job.run()
    assert registry.get_sample_value("notifications_pending", {"slot": "shared"}) == 2
    seconds = registry.get_sample_value(oldest, {"slot": "shared"})
    assert seconds is not None
    assert 100 <= seconds < 160


async def test_a_channel_that_takes_one_message_gets_the_others_at_once(
    executor: ThreadPoolExecutor, metrics: NotificationMetrics
) -> None:
    """They do not wait until their pauses are over."""
    outbox, channel, clock = MemoryOutbox(), FakeChannel(complaint="down"), Clock()
    job = ChannelJob(channel, outbox, metrics, executor, clock)
    await outbox.put(Message("old", "", ""), NOW)
    clock.pass_by(1)
    await job.run()
    channel.complaint = None
    await outbox.put(Message("new", "", ""), NOW)
    clock.pass_by(1)
    for _ in range(2):
        await job.run()
    assert [one.key for one in channel.taken] == ["new", "old"]


async def test_old_messages_are_looked_for_once_a_minute(metrics: NotificationMetrics) -> None:
    """Without a restart."""
    outbox, clock = MemoryOutbox(), Clock()
    job = OutboxJob(outbox, metrics, ["json_1"], clock)
    await outbox.put(Message("a", "", ""), NOW - timedelta(days=3))
    await job.run()
    for seconds, waits in ((59, True), (1, False)):
        clock.pass_by(seconds)
        await job.run()
        assert job.waits_for("json_1") == waits


async def test_a_look_tells_which_channels_have_something_to_take(metrics: NotificationMetrics) -> None:
    """The others ask nothing."""
    outbox = MemoryOutbox(["json_1", "json_2"])
    job = OutboxJob(outbox, metrics, ["json_1", "json_2"], Clock())
    assert not job.waits_for("json_1")
    await outbox.put(Message("a", "", ""), NOW)
    await outbox.note_taken("a", "json_2", NOW)
    await job.run()
    assert (job.waits_for("json_1"), job.waits_for("json_2")) == (True, False)
