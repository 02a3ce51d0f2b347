"""The schedule: run the scoring job every few seconds, through outages of the database, until stopped."""

import asyncio
import logging
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]

from drift_detector_server.scoring_job import ScoringJob
from mongodb.store import Store, StoreUnavailable

logger = logging.getLogger(__name__)

STOP_SECONDS = 5.0


class Schedule:
    """One job that works off every window that is due."""

    def __init__(self, job: ScoringJob, store: Store, interval_seconds: float) -> None:
        self._job = job
        self._store = store
        self._interval_seconds = interval_seconds
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._running = asyncio.Lock()
        self._stopping = False
        self._prepared = False
        self._away = False

    def start(self) -> None:
        """Run the job now and then every interval; must be called on the event loop."""
        self._scheduler.add_job(
            self.run,
            "interval",
            seconds=self._interval_seconds,
            next_run_time=datetime.now(UTC),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=max(1, round(self._interval_seconds)),
        )
        self._scheduler.start()
        # It would warn every interval that the job still runs, which is how several due windows are
        # meant to be.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    async def stop(self) -> None:
        """Let the running job end after its window, for a few seconds at most."""
        self._stopping = True
        self._scheduler.pause()
        try:
            async with asyncio.timeout(STOP_SECONDS), self._running:
                pass
        except TimeoutError:
            logger.warning("stopped before the window was scored; the next start scores it")
        self._scheduler.shutdown(wait=False)

    async def run(self) -> None:
        """Score all windows that are due; log an outage once, and its end."""
        async with self._running:
            try:
                await self._work_off()
            except StoreUnavailable as error:
                if not self._away:
                    logger.warning("the database is away, trying again every interval: %s", error)
                self._away = True
            except Exception:
                logger.exception("the window could not be scored, trying again")
            else:
                if self._away:
                    logger.info("the database is back")
                self._away = False

    async def _work_off(self) -> None:
        more = True
        while more and not self._stopping:
            await self._job.follow_package()
            if not self._prepared:
                await self._store.prepare()
                self._prepared = True
            await self._job.show()  # first: also where scoring fails each time
            more = await self._job.score_next()
