"""Delivery: each channel has a job of its own, so that one that is down or slow delays no other."""

import asyncio
import logging
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from mongodb.outbox import Delivery, Outbox
from release.notifications.metrics import FAILED, GIVEN_UP, SENT, NotificationMetrics
from service.clock import utc_now

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 600.0
GIVE_UP_AFTER, GIVE_UP_EVERY = timedelta(days=3), timedelta(minutes=1)


class Channel(Protocol):
    """What takes messages."""

    @property
    def name(self) -> str:
        """Return what it is called in the database and in the log."""

    @property
    def scheme(self) -> str:
        """Return its kind."""

    def send(self, delivery: Delivery) -> str | None:
        """Hand the message over, and wait for the answer; return the complaint where it was not taken."""


def pause_after(attempts: int) -> timedelta:
    """Return how long a message rests after so many attempts that failed: it doubles, up to ten minutes."""
    doublings = min(max(0, attempts - 1), 16)
    return timedelta(seconds=min(FIRST_PAUSE_SECONDS * 2**doublings, LONGEST_PAUSE_SECONDS))


def is_due(delivery: Delivery, now: datetime, well_since: datetime) -> bool:
    """Tell whether to try now: the pause is over, or the channel was well after the message failed."""
    failed_at = delivery.failed_at
    return failed_at is None or failed_at < well_since or now >= failed_at + pause_after(delivery.attempts)


@dataclass(frozen=True)
class Outcome:
    """How an attempt went: when, and the complaint where the channel did not take the message."""

    delivery: Delivery
    at: datetime
    complaint: str | None


class ChannelJob:
    """Hands one channel, one after the other, the messages that it has not taken.

    What was sent is known here until the database knows it: while that is away, nothing is sent again.
    """

    def __init__(
        self,
        channel: Channel,
        outbox: Outbox,
        metrics: NotificationMetrics,
        executor: ThreadPoolExecutor,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.channel = channel
        self._outbox = outbox
        self._metrics = metrics
        self._executor = executor
        self._now = now
        self._well_since = now()  # a start, maybe with a corrected URL, makes everything due
        self._unnoted: Outcome | None = None
        self._stopping = False
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self) -> None:
        """Try everything that is due; raise StoreUnavailable when the database is away."""
        self._idle.clear()
        try:
            await self._note_outcome()
            for delivery in await self._outbox.waiting(self.channel.name):
                if self._stopping:
                    break
                if is_due(delivery, self._now(), self._well_since):
                    await self._deliver(delivery)
        finally:
            self._idle.set()

    async def stop(self) -> None:
        """Begin nothing more, and wait for what is being sent: its outcome is noted."""
        self._stopping = True
        await self._idle.wait()

    async def _deliver(self, delivery: Delivery) -> None:
        await self._outbox.begin(delivery.key, self.channel.name)
        loop = asyncio.get_running_loop()
        complaint = await loop.run_in_executor(self._executor, self._send, delivery)
        self._unnoted = Outcome(delivery, self._now(), complaint)
        self._metrics.count(self.channel.scheme, SENT if complaint is None else FAILED)
        if complaint is not None:
            text = "the channel %s did not take a message (attempt %d): %s"
            logger.warning(
                text, self.channel.name, delivery.attempts + 1, complaint, extra={"about": delivery.key}
            )
        await self._note_outcome()

    def _send(self, delivery: Delivery) -> str | None:
        try:
            return self.channel.send(delivery)
        except Exception as error:  # a plugin's fault is a failure of its channel
            return f"{type(error).__name__} in the channel's own code"

    async def _note_outcome(self) -> None:
        if (outcome := self._unnoted) is None:
            return
        if outcome.complaint is None:
            await self._outbox.note_taken(outcome.delivery.key, self.channel.name, outcome.at)
            self._well_since = outcome.at
        else:
            await self._outbox.note_failed(outcome.delivery.key, self.channel.name, outcome.at)
        self._unnoted = None


class OutboxJob:
    """Looks what waits, for the metrics and the channels, and gives up what no channel took for three days.

    A channel's own job asks the database only when something waits: without Docker a query costs much.
    """

    def __init__(
        self,
        outbox: Outbox,
        metrics: NotificationMetrics,
        channels: Collection[str],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._outbox = outbox
        self._metrics = metrics
        self._channels = channels
        self._now = now
        self._prepared = False
        self._looked_for_old_at: datetime | None = None
        self._waiting: frozenset[str] = frozenset()

    def waits_for(self, channel: str) -> bool:
        """Tell whether a message was waiting for the channel at the last look."""
        return channel in self._waiting

    async def run(self) -> None:
        """Look once; raise StoreUnavailable when the database is away."""
        if not self._prepared:
            await self._outbox.prepare()
            self._prepared = True
        if self._looked_for_old_at is None or self._now() >= self._looked_for_old_at + GIVE_UP_EVERY:
            await self._give_up()
            self._looked_for_old_at = self._now()
        backlog = await self._outbox.backlog()
        self._waiting = backlog.channels
        self._metrics.show(backlog)

    async def _give_up(self) -> None:
        for one in await self._outbox.give_up(self._now() - GIVE_UP_AFTER):
            known = one.channel in self._channels
            self._metrics.count(one.channel.rpartition("_")[0], GIVEN_UP)
            why = "not taken for three days" if known else "not in NOTIFY_URLS any more"
            logger.error(
                "a message to the channel %s is given up: %s", one.channel, why, extra={"about": one.key}
            )
