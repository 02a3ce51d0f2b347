"""Batching on worker threads: what waits is batched, and nothing is delayed to make a batch larger.

The threads share one queue. A free thread takes at once what waits, but no more than a batch and no more than
its share, so that every thread has something to do. An idle server thus predicts one by one, and batches grow
with the load.
"""

import asyncio
import math
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar
from weakref import WeakSet

from inference.backend import PredictAlone, Unfinished
from model_server.batching.request_queue import (
    QueuedInput,
    RequestQueue,
    deliver,
    predict_batch,
    refuse_expired,
)

T = TypeVar("T")
R = TypeVar("R")

SWEEP_SECONDS = 0.1


class ThreadBatcher(Generic[T, R]):
    """Calls `predict` with batches, on `threads` threads; to be made and used on one event loop.

    `predict` returns for each item its result, or the exception in its place. Unfinished ones are queued
    again, those to be predicted alone go to `alone`, another batcher.
    """

    def __init__(
        self,
        predict: Callable[[Sequence[T]], Sequence[R | Exception]],
        queue: RequestQueue[T, R],
        rows: Callable[[T], int],
        *,
        threads: int,
        alone: "ThreadBatcher[T, R] | None" = None,
    ) -> None:
        self._predict = predict
        self._queue = queue
        self._rows = rows
        self._alone = alone
        self._taken_over: WeakSet[asyncio.Future[R]] = WeakSet()
        self._is_closing = False
        self._is_swept = False
        self._batches_in_hand = 0
        self._last_sign = 0.0
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._run, name=f"batch-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, items: Sequence[T]) -> "list[asyncio.Future[R]]":
        """Queue the items of one request, all or none, and return their results to come.

        Raises:
            QueueFull: they do not fit; try again later.
        Each result may raise DeadlineExceeded, or what `predict` puts in its place.
        """
        with self._changed:
            results = self._queue.put(items, self._rows)
            self._changed.notify(len(items))
        self._sweep_later()
        return results

    def take_over(self, one: "QueuedInput[T, R]") -> None:
        """Queue what another batcher had taken; on the event loop."""
        self._taken_over.add(one.result)
        with self._changed:
            self._queue.add(one)
            self._changed.notify()
        self._sweep_later()

    def has_taken_over(self, result: "asyncio.Future[R]") -> bool:
        """Tell whether the result is to come from here, though it was another batcher's."""
        return result in self._taken_over

    @property
    def stalled_seconds(self) -> float:
        """Return for how long there was no sign of any batch in hand; 0 if there is none."""
        with self._changed:
            return time.monotonic() - self._last_sign if self._batches_in_hand else 0.0

    def close(self) -> None:
        """Predict what waits, then end the threads."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _sweep_later(self) -> None:
        if not self._is_swept:
            self._is_swept = True
            asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        # A deadline passes though no thread comes to look: all may be busy, or stuck.
        with self._changed:
            expired = self._queue.take_expired()
            is_empty = not len(self._queue)
        refuse_expired(expired)
        self._is_swept = False
        if not is_empty:
            self._sweep_later()

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
            self._batches_in_hand += bool(batch)
            if batch and self._batches_in_hand == 1:
                self._last_sign = time.monotonic()
        if expired:
            expired[0].result.get_loop().call_soon_threadsafe(refuse_expired, expired)
        if batch:
            self._predict_and_deliver(batch)
        return True

    def _predict_and_deliver(self, batch: "Sequence[QueuedInput[T, R]]") -> None:
        results = predict_batch(self._predict, batch)
        outcomes = list(zip(batch, results, strict=True))
        with self._changed:
            self._batches_in_hand -= 1
            self._last_sign = time.monotonic()
            unfinished = [one for one, result in outcomes if isinstance(result, Unfinished)]
            self._queue.put_back(unfinished)
            self._changed.notify(len(unfinished))
        with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
            batch[0].result.get_loop().call_soon_threadsafe(self._deliver, outcomes)

    def _deliver(self, outcomes: "Sequence[tuple[QueuedInput[T, R], R | Exception]]") -> None:
        for one, result in outcomes:
            if isinstance(result, PredictAlone) and self._alone is not None:
                self._alone.take_over(one)
            elif isinstance(result, Unfinished):
                self._sweep_later()
            else:
                deliver([one], [result])
