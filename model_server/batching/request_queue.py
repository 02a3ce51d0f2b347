"""The queue in front of the model: bounded, first in first out, with a deadline for each request."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from model_server.metrics import QueueMetrics

T = TypeVar("T")
R = TypeVar("R")


class QueueFull(Exception):
    """As many requests as allowed are waiting already."""


class DeadlineExceeded(Exception):
    """The request waited longer than its deadline allows."""


@dataclass(frozen=True)
class QueueLimits:
    """`batch_size` in images or rows, `queue_size` in requests; see `.env.example`."""

    batch_size: int
    queue_size: int
    deadline_seconds: float


@dataclass(eq=False, slots=True)
class QueuedRequest(Generic[T, R]):
    """A request that waits, of `rows` rows; whoever no longer wants the result cancels it."""

    item: T
    rows: int
    result: "asyncio.Future[R]"
    enqueued_at: float


class RequestQueue(Generic[T, R]):
    """Holds requests until a batcher takes them; `clock` is in seconds. Threads that share it need a lock."""

    def __init__(
        self, limits: QueueLimits, metrics: QueueMetrics, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._limits = limits
        self._metrics = metrics
        self._clock = clock
        self._requests: deque[QueuedRequest[T, R]] = deque()

    def __len__(self) -> int:
        return len(self._requests)

    def put(self, items: Sequence[T], rows: Callable[[T], int]) -> "list[asyncio.Future[R]]":
        """Queue the items, all or none, and return their results to come; on the event loop.

        Raises:
            QueueFull: they do not fit. (An empty queue takes any number.)
        """
        if self._requests and len(self._requests) + len(items) > self._limits.queue_size:
            raise QueueFull
        create_future = asyncio.get_running_loop().create_future
        now = self._clock()
        queued: list[QueuedRequest[T, R]] = [
            QueuedRequest(item, rows(item), create_future(), now) for item in items
        ]
        self._requests += queued
        return [request.result for request in queued]

    def take(
        self, most_requests: int | None = None
    ) -> "tuple[list[QueuedRequest[T, R]], list[QueuedRequest[T, R]]]":
        """Remove the next batch, and the requests before it whose deadline has passed; return both.

        A batch has at most `batch_size` rows, or is one request of more. Cancelled requests are dropped.
        """
        batch: list[QueuedRequest[T, R]] = []
        expired: list[QueuedRequest[T, R]] = []
        rows, now = 0, self._clock()
        while self._requests and len(batch) != most_requests:
            request = self._requests[0]
            if request.result.cancelled():
                self._requests.popleft()
                continue
            waited = now - request.enqueued_at
            if waited > self._limits.deadline_seconds:
                expired.append(request)
            elif batch and rows + request.rows > self._limits.batch_size:
                break
            else:
                batch.append(request)
                rows += request.rows
            self._metrics.seconds.observe(waited)
            self._requests.popleft()
        if batch:
            self._metrics.batch_size.observe(rows)
        return batch, expired


def deliver(requests: "Iterable[QueuedRequest[T, R]]", results: Iterable[R | Exception]) -> None:
    """Give each request its result, or the exception in its place, unless nobody waits; on the event loop."""
    for request, result in zip(requests, results, strict=True):
        future = request.result
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)


def refuse_expired(requests: "Sequence[QueuedRequest[T, R]]") -> None:
    """Tell those whose deadline has passed; on the event loop."""
    deliver(requests, [DeadlineExceeded() for _ in requests])


def predict_batch(
    predict: Callable[[Sequence[T]], Sequence[R | Exception]], batch: "Sequence[QueuedRequest[T, R]]"
) -> Sequence[R | Exception]:
    """Return what `predict` returns for the batch's items; what it raises is every request's."""
    try:
        return predict([request.item for request in batch])
    except Exception as error:  # the batcher must live on, and those who wait be told
        return [error] * len(batch)
