"""Work of a program that blocks, in a thread of its own, beside its HTTP server."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

logger = logging.getLogger(__name__)


class Work:
    """Calls `step` until it is told to stop; after one that fails the next comes a little later."""

    def __init__(
        self, step: Callable[["Work"], None], fails: tuple[type[Exception], ...], pause_seconds: float
    ) -> None:
        self._step = step
        self._fails = fails
        self._pause_seconds = pause_seconds
        self._stop = threading.Event()
        self.fault: str | None = "it has not begun"

    @property
    def stops(self) -> bool:
        """Tell whether it is to stop."""
        return self._stop.is_set()

    def runs(self) -> None:
        """Note that all is well."""
        if self.fault is not None:
            logger.info("runs")
        self.fault = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do it beside the block, and wait for its end."""
        work = asyncio.get_running_loop().run_in_executor(None, self._repeat)
        try:
            yield
        finally:
            self._stop.set()
            await work

    def _repeat(self) -> None:
        while not self.stops:
            try:
                self._step(self)
            except self._fails as error:
                if str(error) != self.fault:
                    logger.warning("waits: %s", error)
                self.fault = str(error)
                self._stop.wait(self._pause_seconds)
            except Exception as error:
                if repr(error) != self.fault:
                    logger.exception("failed")
                self.fault = repr(error)
                self._stop.wait(self._pause_seconds)
