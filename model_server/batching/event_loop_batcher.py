"""Batching on the event loop itself, for models that predict faster than a thread could be woken."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from model_server.batching.request_queue import RequestQueue, deliver, predict_batch, refuse_expired

T = TypeVar("T")
R = TypeVar("R")


class EventLoopBatcher(Generic[T, R]):
    """Calls `predict` with what is queued at the end of each turn of the loop: one batch a turn, no more.

    So requests that arrive in one turn are predicted together, and between two batches the loop serves
    everybody else. `predict` returns for each item its result, or the exception in its place.
    """

    def __init__(
        self,
        predict: Callable[[Sequence[T]], Sequence[R | Exception]],
        queue: RequestQueue[T, R],
        rows: Callable[[T], int],
    ) -> None:
        self._predict = predict
        self._queue = queue
        self._rows = rows
        self._is_scheduled = False

    def submit(self, items: Sequence[T]) -> list[asyncio.Future[R]]:
        """Queue the items, all or none, and return their results to come.

        Raises:
            QueueFull: they do not fit; try again later.
        Each result may raise DeadlineExceeded, or what `predict` puts in its place.
        """
        results = self._queue.put(items, self._rows)
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._run_batch)
        return results

    def _run_batch(self) -> None:
        batch, expired = self._queue.take()
        refuse_expired(expired)
        if batch:
            results = predict_batch(self._predict, batch)
            deliver(batch, results)
        self._is_scheduled = len(self._queue) > 0
        if self._is_scheduled:
            asyncio.get_running_loop().call_soon(self._run_batch)
