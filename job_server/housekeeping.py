"""Remove what nobody needs any more: ended jobs after some days, and packages of which no open job is."""

import asyncio
import logging
import time
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]

from job_server.packages import KeptPackages
from job_server.store import JobStore
from mongodb.errors import StoreUnavailable
from service.running_jobs import RunningJobs

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 600
STOP_SECONDS = 8.0
DAY_SECONDS = 24 * 3600


class Housekeeping:
    """Keeps the database and the folder of packages small."""

    def __init__(self, store: JobStore, kept: KeptPackages, kept_days: float) -> None:
        self._store = store
        self._kept = kept
        self._kept_days = kept_days
        self._running = RunningJobs()

    def add_to(self, scheduler: AsyncIOScheduler) -> None:
        """Add the job; it runs when the scheduler does."""
        scheduler.add_job(
            self._running.run,
            "interval",
            args=[self.run],
            id="housekeeping",
            seconds=INTERVAL_SECONDS,
            next_run_time=datetime.now(UTC),
            coalesce=True,
            max_instances=1,
        )

    async def stop(self) -> None:
        """Let what is under way end; the scheduler must begin nothing more."""
        await self._running.wait(STOP_SECONDS)

    async def run(self) -> None:
        """Remove what can go; while the database is away all stays."""
        try:
            await self._store.remove_before(time.time() - self._kept_days * DAY_SECONDS)
            needed = await self._store.needed_packages()
        except StoreUnavailable as error:
            logger.warning("nothing is removed now: %s", error)
            return
        await asyncio.to_thread(self._kept.remove_others, needed)
