"""A job of the program: a step every few seconds, through outages, until stopped."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]

from mongodb.errors import StoreUnavailable
from release.store import Conflict
from service.running_jobs import RunningJobs

logger = logging.getLogger(__name__)

STOP_SECONDS = 8.0

Step = Callable[[], Awaitable[None]]


class Job:
    """Does what is to be done once, then a step every so many seconds.

    What goes wrong is logged when it begins and when it ends, and tried again. `work` is what people call it.
    """

    def __init__(self, work: str, step: Step, seconds: float, once: Sequence[Step] = ()) -> None:
        self._work = work
        self._step = step
        self._seconds = seconds
        self._once = list(once)
        self._trouble = ""
        self.is_stopping = False
        self._running = RunningJobs()

    def add_to(self, scheduler: AsyncIOScheduler) -> None:
        """Add the job."""
        self._running.repeat(scheduler, self._work, self._seconds, self.run)

    async def run(self) -> None:
        """Do one turn."""
        if not self.is_stopping:
            await self._turn()

    async def _turn(self) -> None:
        try:
            while self._once:
                await self._once[0]()
                del self._once[0]
            await self._step()
        except StoreUnavailable as error:
            self._note(f"the database is away, and {self._work} waits for it", str(error))
        except Conflict:
            self._note(f"another program has changed {self._work}", "only one may run")
        except Exception as error:  # must not end the job: what failed may go later
            if self._note(f"{self._work} could not be worked on: {error!r}", "it is tried again"):
                logger.exception("here")
        else:
            if self._trouble:
                logger.info("%s is worked on again", self._work)
            self._trouble = ""

    async def stop(self) -> None:
        """Wait until a turn that is under way has ended; the next start goes on with one that takes long."""
        self.is_stopping = True
        if not await self._running.wait(STOP_SECONDS):
            logger.warning("stopped in the middle of %s; the next start goes on with it", self._work)

    def _note(self, trouble: str, more: str) -> bool:
        """Log trouble that is new, and tell whether it is; `more` may be other words each time."""
        is_new = trouble != self._trouble
        if is_new:
            logger.warning("%s: %s", trouble, more)
        self._trouble = trouble
        return is_new
