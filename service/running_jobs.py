"""The jobs that run now: a program that stops waits for them before it closes what they use."""

import asyncio
from collections.abc import Awaitable, Callable


class RunningJobs:
    """Runs jobs, and knows which have not ended.

    pymongo's close never ends where a command begins meanwhile, so no job may be under way then.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Future[None]] = set()

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
