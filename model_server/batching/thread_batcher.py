"""Batching on worker threads: what waits is batched, and nothing is delayed to make a batch larger.

The threads share one queue. A free thread takes at once what waits, but no more than a batch and no more than
its share, so that every thread has something to do. An idle server thus predicts one by one, and batches grow
with the load.
"""

import asyncio
import math
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from model_server.batching.request_queue import RequestQueue, deliver, predict_batch, refuse_expired

T = TypeVar("T")
R = TypeVar("R")


class ThreadBatcher(Generic[T, R]):
    """Calls `predict` with batches, on `threads` threads; to be made and used on one event loop.

    `predict` returns for each item its result, or the exception in its place.
    """

    def __init__(
        self,
        predict: Callable[[Sequence[T]], Sequence[R | Exception]],
        queue: RequestQueue[T, R],
        rows: Callable[[T], int],
        *,
        threads: int,
    ) -> None:
        self._predict = predict
        self._queue = queue
        self._rows = rows
        self._is_closing = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._run, name=f"batch-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, items: Sequence[T]) -> "list[asyncio.Future[R]]":
        """Queue the items, all or none, and return their results to come.

        Raises:
            QueueFull: they do not fit; try again later.
        Each result may raise DeadlineExceeded, or what `predict` puts in its place.
        """
        with self._changed:
            results = self._queue.put(items, self._rows)
            self._changed.notify(len(items))
        return results

    def close(self) -> None:
        """Predict what waits, then end the threads."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while self._run_batch():
            pass

    def _run_batch(self) -> bool:
        # In a function of its own: a thread that waits holds nothing of its last batch, no replaced model.
        with self._changed:
            self._changed.wait_for(lambda: self._is_closing or len(self._queue) > 0)
            if not len(self._queue):
                return False
            share = math.ceil(len(self._queue) / len(self._threads))
            batch, expired = self._queue.take(share)
        if expired:
            loop = expired[0].result.get_loop()
            loop.call_soon_threadsafe(refuse_expired, expired)
        if batch:
            results = predict_batch(self._predict, batch)
            batch[0].result.get_loop().call_soon_threadsafe(deliver, batch, results)
        return True
