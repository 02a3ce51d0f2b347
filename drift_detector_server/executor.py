"""Detectors off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from threading import Thread
from typing import TypeVar

from drift_detector_server.detectors.detector import Detector, Embeddings, Score

T = TypeVar("T")


class DetectorExecutor:
    """Run detectors in a thread, one batch at a time; `waiting` counts the batches that are not done.

    The scoring job and the route share one.
    """

    def __init__(self) -> None:
        self.waiting = 0
        self._turn = asyncio.Lock()

    async def score(self, detector: Detector, batch: Embeddings, p_value_threshold: float) -> Score:
        """Score the batch when it is its turn; raises what the detector raises."""
        self.waiting += 1
        try:
            async with self._turn:
                return await in_daemon_thread(partial(detector.score, batch, p_value_threshold))
        finally:
            self.waiting -= 1


async def in_daemon_thread(work: Callable[[], T]) -> T:
    """Run the work in a thread that does not keep the process from ending, as those of executors do."""
    done: Future[T] = Future()

    def run() -> None:
        done.set_running_or_notify_cancel()  # from here on nobody who gives up waiting can cancel it
        try:
            done.set_result(work())
        except BaseException as error:  # raised again where it is awaited
            done.set_exception(error)

    Thread(target=run, name="scoring", daemon=True).start()
    return await asyncio.wrap_future(done)
