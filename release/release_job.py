"""The controller's job: a tick each second, through outages, until stopped."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]

from mongodb.errors import StoreUnavailable
from release.store import Conflict

logger = logging.getLogger(__name__)

TICK_SECONDS = 1
STOP_SECONDS = 8.0

Step = Callable[[], Awaitable[None]]


class ReleaseJob:
    """Does what is to be done once, then ticks.

    What goes wrong is logged when it begins and when it ends, and tried again.
    """

    def __init__(self, once: Sequence[Step], tick: Step) -> None:
        self._once = list(once)
        self._tick = tick
        self._trouble = ""
        self._stopping = False
        self._idle = asyncio.Event()
        self._idle.set()

    def add_to(self, scheduler: AsyncIOScheduler) -> None:
        """Add the job."""
        scheduler.add_job(
            self.run,
            "interval",
            id="release",
            seconds=TICK_SECONDS,
            next_run_time=datetime.now(UTC),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=60,
        )

    async def run(self) -> None:
        """Do one turn."""
        if self._stopping:
            return
        self._idle.clear()
        try:
            while self._once:
                await self._once[0]()
                del self._once[0]
            await self._tick()
        except StoreUnavailable as error:
            self._note("the database is away, and nothing is decided without it", str(error))
        except Conflict:
            self._note("another program has changed the release", "only one may run")
        except Exception as error:  # must not end the job: what failed may go later
            if self._note(f"the release could not be worked on: {error!r}", "it is tried again"):
                logger.exception("here")
        else:
            if self._trouble:
                logger.info("the release is worked on again")
            self._trouble = ""
        finally:
            self._idle.set()

    async def stop(self) -> None:
        """Wait until a turn that is under way has ended; the next start goes on with one that takes long."""
        self._stopping = True
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._idle.wait()
        except TimeoutError:
            logger.warning("stopped in the middle of a step; the next start goes on with it")

    def _note(self, trouble: str, more: str) -> bool:
        """Log trouble that is new, and tell whether it is; `more` may be other words each time."""
        is_new = trouble != self._trouble
        if is_new:
            logger.warning("%s: %s", trouble, more)
        self._trouble = trouble
        return is_new
