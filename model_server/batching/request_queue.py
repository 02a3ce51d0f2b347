"""The queue in front of the model: bounded, requests in turn, with a deadline for each."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from model_server.metrics import QueueMetrics

T = TypeVar("T")
R = TypeVar("R")


class QueueFull(Exception):
    """As many inputs as allowed are waiting already."""


class DeadlineExceeded(Exception):
    """The input waited for its turn longer than its deadline allows."""


@dataclass(frozen=True)
class QueueLimits:
    """`batch_size` in images or rows, `queue_size` in inputs; see `.env.example`."""

    batch_size: int
    queue_size: int
    deadline_seconds: float


@dataclass(eq=False, slots=True)
class QueuedInput(Generic[T, R]):
    """An input that waits, of `rows` rows; whoever no longer wants the result cancels it.

    All inputs of one request have the same `request`, any object.
    """

    item: T
    rows: int
    result: "asyncio.Future[R]"
    request: object


@dataclass(eq=False, slots=True)
class _Waiting(Generic[T, R]):
    """What waits of one request, and since when: its coming, or when it last had a turn."""

    since: float
    inputs: deque[QueuedInput[T, R]] = field(default_factory=deque)


class RequestQueue(Generic[T, R]):
    """Holds inputs until a batcher takes them: one of each request in turn, so that none holds up others.

    `clock` is in seconds. Threads that share the queue need a lock.
    """

    def __init__(
        self, limits: QueueLimits, metrics: QueueMetrics, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._limits = limits
        self._metrics = metrics
        self._clock = clock
        self._requests: OrderedDict[object, _Waiting[T, R]] = OrderedDict()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def put(self, items: Sequence[T], rows: Callable[[T], int]) -> "list[asyncio.Future[R]]":
        """Queue the inputs of one request, all or none, and return their results to come; on the event loop.

        Raises:
            QueueFull: they do not fit. (An empty queue takes any number.)
        """
        if self._length and self._length + len(items) > self._limits.queue_size:
            raise QueueFull
        create_future = asyncio.get_running_loop().create_future
        request = object()
        queued = [QueuedInput[T, R](item, rows(item), create_future(), request) for item in items]
        for one in queued:
            self.add(one)
        return [one.result for one in queued]

    def add(self, one: "QueuedInput[T, R]") -> None:
        """Queue an input behind those that wait of the same request, beyond all bounds."""
        self._waiting_of(one).inputs.append(one)
        self._length += 1

    def put_back(self, inputs: "Sequence[QueuedInput[T, R]]") -> None:
        """Queue inputs that had been taken before all others, in their order."""
        for one in reversed(inputs):
            self._waiting_of(one).inputs.appendleft(one)
            self._requests.move_to_end(one.request, last=False)
            self._length += 1

    def _waiting_of(self, one: "QueuedInput[T, R]") -> "_Waiting[T, R]":
        if one.request not in self._requests:
            self._requests[one.request] = _Waiting(self._clock())
        return self._requests[one.request]

    def take(self, most: int | None = None) -> "tuple[list[QueuedInput[T, R]], list[QueuedInput[T, R]]]":
        """Remove the next batch, and all inputs whose deadline has passed; return both.

        A batch has at most `batch_size` rows, or is one input of more. Cancelled inputs are dropped.
        """
        expired = self.take_expired()
        batch: list[QueuedInput[T, R]] = []
        rows, now = 0, self._clock()
        while self._requests and len(batch) != most:
            waiting = next(iter(self._requests.values()))
            one = waiting.inputs[0]
            if one.result.cancelled():
                self._pop(one.request, waiting)
                continue
            if batch and rows + one.rows > self._limits.batch_size:
                break
            self._pop(one.request, waiting)
            self._metrics.seconds.observe(now - waiting.since)
            waiting.since = now
            if waiting.inputs:
                self._requests.move_to_end(one.request)
            batch.append(one)
            rows += one.rows
        if batch:
            self._metrics.batch_size.observe(rows)
        return batch, expired

    def take_expired(self) -> "list[QueuedInput[T, R]]":
        """Remove and return all inputs of the requests that had no turn for longer than the deadline."""
        now = self._clock()
        late = [
            (request, waiting)
            for request, waiting in self._requests.items()
            if now - waiting.since > self._limits.deadline_seconds
        ]
        expired: list[QueuedInput[T, R]] = []
        for request, waiting in late:
            del self._requests[request]
            self._length -= len(waiting.inputs)
            wanted = [one for one in waiting.inputs if not one.result.cancelled()]
            for _ in wanted:
                self._metrics.seconds.observe(now - waiting.since)
            expired += wanted
        return expired

    def _pop(self, request: object, waiting: "_Waiting[T, R]") -> None:
        waiting.inputs.popleft()
        self._length -= 1
        if not waiting.inputs:
            del self._requests[request]


def deliver(inputs: "Iterable[QueuedInput[T, R]]", results: Iterable[R | Exception]) -> None:
    """Give each input its result, or the exception in its place, unless nobody waits; on the event loop."""
    for one, result in zip(inputs, results, strict=True):
        future = one.result
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)


def refuse_expired(inputs: "Sequence[QueuedInput[T, R]]") -> None:
    """Tell those whose deadline has passed; on the event loop."""
    deliver(inputs, [DeadlineExceeded() for _ in inputs])


def predict_batch(
    predict: Callable[[Sequence[T]], Sequence[R | Exception]], batch: "Sequence[QueuedInput[T, R]]"
) -> Sequence[R | Exception]:
    """Return what `predict` returns for the batch's items; what it raises is every input's."""
    try:
        return predict([one.item for one in batch])
    except Exception as error:  # the batcher must live on, and those who wait be told
        return [error] * len(batch)
