"""The job that joins a shadow's pairs, on the program's scheduler, until stopped."""

import asyncio
import logging
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]

from mongodb.errors import StoreUnavailable
from release.shadow.pairs import ShadowPairs

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 10
STOP_SECONDS = 8.0


class ShadowJob:
    """Joins what came every few seconds; an outage of the database is logged when it begins and ends."""

    def __init__(self, pairs: ShadowPairs) -> None:
        self._pairs = pairs
        self._is_away = False
        self._is_stopping = False
        self._idle = asyncio.Event()
        self._idle.set()

    def add_to(self, scheduler: AsyncIOScheduler) -> None:
        """Add the job."""
        scheduler.add_job(
            self.run,
            "interval",
            id="shadow",
            seconds=INTERVAL_SECONDS,
            next_run_time=datetime.now(UTC),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=60,
        )

    async def run(self) -> None:
        """Join what came since the last time."""
        self._idle.clear()
        try:
            await self._pairs.run(is_to_end=lambda: self._is_stopping)
        except StoreUnavailable as error:
            if not self._is_away:
                logger.warning("the database is away, and no shadow is compared: %s", error)
            self._is_away = True
        except Exception:  # must not end the job: what failed may go later
            logger.exception("a shadow's answers could not be compared, trying again")
        else:
            if self._is_away:
                logger.info("the database is back")
            self._is_away = False
        finally:
            self._idle.set()

    async def stop(self) -> None:
        """Let the page that is under way end; the next start goes on from the last one that did."""
        self._is_stopping = True
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._idle.wait()
        except TimeoutError:
            logger.warning("stopped while a shadow was compared; the next start goes on with it")
