"""Batching on the event loop itself, for models that answer faster than a thread could be woken."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from model_server.metrics import QueueMetrics

T = TypeVar("T")
R = TypeVar("R")


class InlineBatcher(Generic[T, R]):
    """Hands all that has come in one turn of the loop to `work`, at the turn's end.

    `work` returns for each item its answer or the exception that is its answer.
    """

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R | Exception]], metrics: QueueMetrics) -> None:
        self._work = work
        self._metrics = metrics
        self._waiting: list[tuple[T, asyncio.Future[R], float]] = []

    def submit(self, items: Sequence[T]) -> list[asyncio.Future[R]]:
        """Take the items in, and return their answers to come."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._answer)
        answers: list[asyncio.Future[R]] = [loop.create_future() for _ in items]
        now = time.perf_counter()
        self._waiting += [(item, answer, now) for item, answer in zip(items, answers, strict=True)]
        return answers

    def _answer(self) -> None:
        batch, self._waiting = self._waiting, []
        now = time.perf_counter()
        self._metrics.batch_size.observe(len(batch))
        for _, _, since in batch:
            self._metrics.seconds.observe(now - since)
        try:
            answers = self._work([item for item, _, _ in batch])
        except Exception as error:  # those who wait must be told
            answers = [error] * len(batch)
        for (_, future, _), answer in zip(batch, answers, strict=True):
            settle(future, answer)


def settle(future: "asyncio.Future[R]", answer: R | Exception) -> None:
    """Give a future its answer, unless nobody waits for it any more."""
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
