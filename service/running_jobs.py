"""The jobs that run now: a program that stops waits for them before it closes what they use."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]


class RunningJobs:
    """Runs jobs, and knows which have not ended.

    pymongo's close never ends where a command begins meanwhile, so no job may be under way then.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Future[None]] = set()

    def repeat(
        self, scheduler: "AsyncIOScheduler", name: str, seconds: float, job: Callable[[], Awaitable[None]]
    ) -> None:
        """Have a job run when the scheduler starts and then every interval, never twice at a time."""
        scheduler.add_job(
            partial(self.run, job),
            "interval",
            id=name,
            seconds=seconds,
            next_run_time=datetime.now(UTC),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=max(1, round(seconds)),
        )
        # It would warn every interval that a job still runs, which is how a slow one is meant to be.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    async def run(self, job: Callable[[], Awaitable[None]]) -> None:
        """Run a job to its end."""
        task = asyncio.ensure_future(job())
        self._tasks.add(task)
        try:
            await task
        finally:
            self._tasks.discard(task)

    async def wait(self, seconds: float) -> bool:
        """Tell whether all that run now have ended within so many seconds."""
        return not self._tasks or not (await asyncio.wait(self._tasks, timeout=seconds))[1]
