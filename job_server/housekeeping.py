"""Remove what nobody needs any more: ended jobs after some days, and packages of which no open job is."""

import asyncio
import logging
import time

from inference.kept_packages import KeptPackages
from job_server.store import JobStore
from mongodb.errors import StoreUnavailable

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 600.0
DAY_SECONDS = 24 * 3600


class Housekeeping:
    """Keeps the database and the folder of packages small."""

    def __init__(self, store: JobStore, kept: KeptPackages, kept_days: float) -> None:
        self._store = store
        self._kept = kept
        self._kept_days = kept_days

    async def run(self) -> None:
        """Remove what can go; while the database is away all stays."""
        try:
            await self._store.remove_before(time.time() - self._kept_days * DAY_SECONDS)
            needed = await self._store.needed_packages()
        except StoreUnavailable as error:
            logger.warning("nothing is removed now: %s", error)
            return
        await asyncio.to_thread(self._kept.remove_others, needed)
