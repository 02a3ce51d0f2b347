"""What comes in one turn of the loop is predicted together, at its end, within the queue's bounds."""

import asyncio
from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from model_server.batching.event_loop_batcher import EventLoopBatcher
from model_server.batching.request_queue import DeadlineExceeded, QueueFull, QueueLimits, RequestQueue
from model_server.metrics import QueueMetrics

LIMITS = QueueLimits(batch_size=8, queue_size=20, deadline_seconds=5)


@pytest.fixture
def batches() -> list[list[int]]:
    return []


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


class Clock:
    """A clock that each batch moves on by `batch_seconds`."""

    def __init__(self) -> None:
        self.now = 0.0
        self.batch_seconds = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def batcher(
    batches: list[list[int]], registry: CollectorRegistry, clock: Clock
) -> EventLoopBatcher[int, int]:
    def predict(items: Sequence[int]) -> Sequence[int | Exception]:
        batches.append(list(items))
        clock.now += clock.batch_seconds
        if 99 in items:
            raise RuntimeError("the whole batch is lost")
        return [ValueError("negative") if item < 0 else 2 * item for item in items]

    queue = RequestQueue[int, int](LIMITS, QueueMetrics(registry, "a"), clock)
    return EventLoopBatcher(predict, queue, lambda item: max(1, item // 100))  # 500 is a request of 5 rows


async def test_requests_of_one_turn_go_together(
    batcher: EventLoopBatcher[int, int], batches: list[list[int]], registry: CollectorRegistry
) -> None:
    """Five tasks that submit in the same turn make one batch; the next turn's make another."""

    async def ask(number: int) -> int:
        return await batcher.submit([number])[0]

    assert await asyncio.gather(*map(ask, range(5))) == [0, 2, 4, 6, 8]
    assert await ask(7) == 14
    assert batches == [[0, 1, 2, 3, 4], [7]]
    assert registry.get_sample_value("inference_batch_size_sum", {"slot": "a"}) == 6
    assert registry.get_sample_value("inference_queue_seconds_count", {"slot": "a"}) == 6


async def test_errors_are_told_to_those_who_wait(batcher: EventLoopBatcher[int, int]) -> None:
    """One's own error is its own; a lost batch's is everybody's, and the next batch is answered."""
    good, bad, gone = batcher.submit([1, -1, 2])
    gone.cancel()
    assert await good == 2
    with pytest.raises(ValueError, match="negative"):
        await bad
    for lost in batcher.submit([99, 1]):
        with pytest.raises(RuntimeError, match="whole batch"):
            await lost
    assert await batcher.submit([3])[0] == 6


async def test_a_batch_is_counted_in_rows(
    batcher: EventLoopBatcher[int, int], batches: list[list[int]], registry: CollectorRegistry
) -> None:
    """Requests of five and of two rows go together up to eight rows, in order; a larger one goes alone."""
    await asyncio.gather(*batcher.submit([500, 200, 200, 500, 900, 1]))
    assert batches == [[500, 200], [200, 500], [900], [1]]
    assert registry.get_sample_value("inference_batch_size_sum", {"slot": "a"}) == 24


async def test_one_batch_a_turn(batcher: EventLoopBatcher[int, int], batches: list[list[int]]) -> None:
    """Whoever else has work for the loop gets a turn between two batches."""
    seen: list[int] = []

    def look() -> None:
        seen.append(len(batches))
        if len(seen) < 4:
            asyncio.get_running_loop().call_soon(look)

    results = batcher.submit(range(20))
    look()
    assert await asyncio.gather(*results) == [2 * number for number in range(20)]
    assert seen == [0, 1, 2, 3]
    assert [len(batch) for batch in batches] == [8, 8, 4]


async def test_one_batch_a_turn_however_many_ask(
    batcher: EventLoopBatcher[int, int], batches: list[list[int]]
) -> None:
    """Requests of one turn that are more than a batch are not predicted all at its end."""
    results = [one for number in range(16) for one in batcher.submit([number])]
    await asyncio.sleep(0)
    assert [len(batch) for batch in batches] == [8]
    assert await asyncio.gather(*results) == [2 * number for number in range(16)]


async def test_a_full_queue_refuses_all_or_none(
    batcher: EventLoopBatcher[int, int], batches: list[list[int]]
) -> None:
    """What does not fit leaves the queue as it was; an empty queue takes any number."""
    waiting = batcher.submit(range(19))
    with pytest.raises(QueueFull):
        batcher.submit([1, 2])
    waiting += batcher.submit([19])
    assert await asyncio.gather(*waiting) == [2 * number for number in range(20)]
    assert len(await asyncio.gather(*batcher.submit(range(30)))) == 30


async def test_past_its_deadline_a_request_is_refused_unworked(
    batcher: EventLoopBatcher[int, int], batches: list[list[int]], clock: Clock
) -> None:
    """Behind batches that take long, the last ones are told that they waited too long."""
    clock.batch_seconds = 3
    waiting = [result for number in range(20) for result in batcher.submit([number])]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert results[:16] == [2 * number for number in range(16)]
    assert [type(one) for one in results[16:]] == [DeadlineExceeded] * 4
    assert [len(batch) for batch in batches] == [8, 8]


async def test_a_request_that_was_given_up_costs_nothing(
    batcher: EventLoopBatcher[int, int], batches: list[list[int]]
) -> None:
    """Cancelled while it waits, it is never worked on."""
    gone, stays = batcher.submit([7, 8])
    gone.cancel()
    assert await stays == 16
    assert batches == [[8]]
