"""The jobs of the outbox on the program's scheduler, through outages of the database, until stopped."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]

from mongodb.outbox import Outbox
from mongodb.store import StoreUnavailable
from release.notifications.delivery import Channel, ChannelJob, OutboxJob
from release.notifications.metrics import NotificationMetrics
from service.running_jobs import RunningJobs

logger = logging.getLogger(__name__)

STOP_SECONDS = 8.0


class NotificationSchedule:
    """A job for each channel and one for the outbox itself."""

    def __init__(
        self,
        outbox: Outbox,
        channels: Sequence[Channel],
        metrics: NotificationMetrics,
        interval_seconds: float,
    ) -> None:
        self._interval_seconds = interval_seconds
        self._executor = ThreadPoolExecutor(max(1, len(channels)), thread_name_prefix="channel")
        self._channels = [ChannelJob(one, outbox, metrics, self._executor) for one in channels]
        self._outbox = OutboxJob(outbox, metrics, {one.name for one in channels})
        self._running = RunningJobs()
        self._away = False

    def add_to(self, scheduler: AsyncIOScheduler) -> None:
        """Add the jobs; they run when the scheduler does."""
        jobs: dict[str, Callable[[], Awaitable[None]]] = {"outbox": partial(self._outlive, self._outbox.run)}
        jobs |= {one.channel.name: partial(self._deliver, one) for one in self._channels}
        for name, run in jobs.items():
            self._running.repeat(scheduler, f"notifications: {name}", self._interval_seconds, run)

    async def stop(self) -> None:
        """Let what is being sent end, for a few seconds at most; the scheduler must begin nothing more."""
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.gather(
                    *(one.stop() for one in self._channels), self._running.wait(STOP_SECONDS)
                )
        except TimeoutError:
            logger.warning("stopped while a channel was being asked; the next start asks it again")
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _deliver(self, job: ChannelJob) -> None:
        if self._outbox.waits_for(job.channel.name):
            await self._outlive(job.run)

    async def _outlive(self, run: Callable[[], Awaitable[None]]) -> None:
        """Run a job; log an outage of the database once, and its end."""
        try:
            await run()
        except StoreUnavailable as error:
            if not self._away:
                logger.warning("the database is away, messages wait for it: %s", error)
            self._away = True
        except Exception:
            logger.exception("messages could not be handed out, trying again")
        else:
            if self._away:
                logger.info("the database is back")
            self._away = False
