"""The schedule: run the jobs every few seconds, through outages of the database, until stopped."""

import logging
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]

from drift_detector_server.feedback_job import FeedbackJob
from drift_detector_server.scoring_job import ScoringJob
from mongodb.store import Store, StoreUnavailable
from service.running_jobs import RunningJobs

logger = logging.getLogger(__name__)

STOP_SECONDS = 5.0
EXPIRY_INTERVAL_SECONDS = 3600.0


class Schedule:
    """Jobs: work off every window that is due, show what the labels say, remove what has expired."""

    def __init__(
        self,
        job: ScoringJob,
        store: Store,
        interval_seconds: float,
        *,
        feedback: FeedbackJob,
        feedback_interval_seconds: float,
    ) -> None:
        self._job = job
        self._feedback = feedback
        self._feedback_interval_seconds = feedback_interval_seconds
        self._store = store
        self._interval_seconds = interval_seconds
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._running = RunningJobs()
        self._stopping = False
        self._prepared = False
        self._away = False

    def start(self) -> None:
        """Run each job now and then every interval; must be called on the event loop."""
        repeat = partial(self._running.repeat, self._scheduler)
        repeat("score", self._interval_seconds, self.run)
        repeat("feedback", self._feedback_interval_seconds, self.show_feedback)
        repeat("expiry", EXPIRY_INTERVAL_SECONDS, self.remove_expired)
        self._scheduler.start()

    async def stop(self) -> None:
        """Let the running jobs end, the scoring after its window, for a few seconds at most."""
        self._stopping = True
        self._scheduler.pause()
        if not await self._running.wait(STOP_SECONDS):
            logger.warning("stopped before the window was scored; the next start scores it")
        self._scheduler.shutdown(wait=False)

    async def run(self) -> None:
        """Score all windows that are due; log an outage once, and its end."""
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

    async def show_feedback(self) -> None:
        """Show what the labels say; that the database is away is the scoring job's to log."""
        try:
            with suppress(StoreUnavailable):
                await self._feedback.show()
        except Exception:
            logger.exception("the feedback could not be shown, trying again")

    async def remove_expired(self) -> None:
        """Remove what has expired, where the database does not by itself."""
        try:
            with suppress(StoreUnavailable):
                await self._store.remove_expired(datetime.now(UTC))
        except Exception:
            logger.exception("what has expired could not be removed, trying again")

    async def _work_off(self) -> None:
        more = True
        while more and not self._stopping:
            await self._job.follow_package()
            if not self._prepared:
                await self._store.prepare()
                self._prepared = True
            await self._job.show()  # first: also where scoring fails each time
            more = await self._job.score_next()
