"""Micro-batching: requests that wait go together, and nobody waits for company.

A few worker threads share one queue. A free worker takes at once what waits, but no more than a batch and
no more than its share, so that every worker has something to do. An idle server thus answers one by one, and
the batches grow with the load.
"""

import asyncio
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from model_server.batching.event_loop import settle
from model_server.metrics import QueueMetrics

T = TypeVar("T")
R = TypeVar("R")


class QueueFull(Exception):
    """As many requests as allowed are waiting already."""


class WaitedTooLong(Exception):
    """The request's deadline passed before a worker was free."""


@dataclass(eq=False, slots=True)
class Waiting(Generic[T, R]):
    """A request in the queue; whoever no longer wants the answer cancels `answer`."""

    item: T
    answer: "asyncio.Future[R]"
    since: float = field(default_factory=time.perf_counter)


class Batcher(Generic[T, R]):
    """Hands batches of items to `work`, on `workers` threads; to be made and used on one event loop.

    `work` returns for each item its answer or the exception that is its answer.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Sequence[R | Exception]],
        metrics: QueueMetrics,
        *,
        workers: int,
        batch_size: int,
        queue_size: int,
        deadline_seconds: float,
    ) -> None:
        self._work = work
        self._metrics = metrics
        self._batch_size = batch_size
        self._queue_size = queue_size
        self._deadline_seconds = deadline_seconds
        self._queue: SimpleQueue[Waiting[T, R] | None] = SimpleQueue()
        metrics.depth.set_function(self._queue.qsize)
        self._threads = [
            threading.Thread(target=self._run, name=f"worker-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, items: Sequence[T]) -> "list[asyncio.Future[R]]":
        """Queue the items, all or none, and return their answers to come.

        Raises:
            QueueFull: they do not fit; try again later. (An empty queue takes any number.)
        Each answer may raise WaitedTooLong, or what `work` answers.
        """
        if (waiting := self._queue.qsize()) and waiting + len(items) > self._queue_size:
            raise QueueFull
        loop = asyncio.get_running_loop()
        queued = [Waiting(item, loop.create_future()) for item in items]
        for one in queued:
            self._queue.put(one)
        return [one.answer for one in queued]

    def close(self) -> None:
        """Finish what waits, then end the threads."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while self._answer_next():
            pass

    def _answer_next(self) -> bool:
        # In a function of its own: a thread that waits holds nothing of its last batch, no replaced model.
        first = self._queue.get()
        if first is not None:
            self._answer([first, *self._company()])
        return first is not None

    def _company(self) -> "list[Waiting[T, R]]":
        share = math.ceil((self._queue.qsize() + 1) / len(self._threads))
        company: list[Waiting[T, R]] = []
        while len(company) < min(share, self._batch_size) - 1:
            try:
                one = self._queue.get_nowait()
            except Empty:
                break
            if one is None:  # the end, and it is another thread's
                self._queue.put(None)
                break
            company.append(one)
        return company

    def _answer(self, batch: "Sequence[Waiting[T, R]]") -> None:
        now = time.perf_counter()
        wanted = [one for one in batch if not one.answer.cancelled()]
        late = [one for one in wanted if now - one.since > self._deadline_seconds]
        _deliver(late, [WaitedTooLong()] * len(late))
        timely = [one for one in wanted if now - one.since <= self._deadline_seconds]
        for one in wanted:
            self._metrics.seconds.observe(now - one.since)
        if not timely:
            return
        self._metrics.batch_size.observe(len(timely))
        try:
            answers = self._work([one.item for one in timely])
        except Exception as error:  # the thread must live on, and those who wait be told
            answers = [error] * len(timely)
        _deliver(timely, answers)


def _deliver(batch: "Sequence[Waiting[T, R]]", answers: Sequence[R | Exception]) -> None:
    if batch:
        loop = batch[0].answer.get_loop()
        loop.call_soon_threadsafe(_settle, batch, answers)


def _settle(batch: "Sequence[Waiting[T, R]]", answers: Sequence[R | Exception]) -> None:
    for one, answer in zip(batch, answers, strict=True):
        settle(one.answer, answer)
