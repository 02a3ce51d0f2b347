"""Requests that wait are batched, nothing waits for a larger batch, and an error is its own request's."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from prometheus_client import CollectorRegistry

from inference.backend import PredictAlone, Unfinished
from model_server.batching.request_queue import DeadlineExceeded, QueueFull, QueueLimits, RequestQueue
from model_server.batching.thread_batcher import ThreadBatcher
from model_server.metrics import QueueMetrics
from tests.waiting import until

Answers = Sequence[int | Exception]


class Doubling:
    """Doubles numbers, refuses negative ones, and notes its batches; holds still while `go` is not set."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = threading.Event()
        self.go.set()
        self.began = threading.Semaphore(0)
        self.unfinished: set[int] = set()
        self.alone: set[int] = set()

    def __call__(self, items: Sequence[int]) -> Answers:
        self.batches.append(list(items))
        self.began.release()
        assert self.go.wait(10)
        if 99 in items:
            raise RuntimeError("the whole batch is lost")
        return [self.answer(item) for item in items]

    def answer(self, item: int) -> int | Exception:
        """Return the result; what is not finished, or to be predicted alone, is so the first time only."""
        for numbers, told in ((self.unfinished, Unfinished()), (self.alone, PredictAlone())):
            if item in numbers:
                numbers.remove(item)
                return told
        return ValueError("negative") if item < 0 else 2 * item

    async def until_began(self) -> None:
        assert await asyncio.to_thread(self.began.acquire, timeout=10)


Make = Callable[..., ThreadBatcher[int, int]]


@pytest.fixture
def work() -> Doubling:
    return Doubling()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
async def make(work: Doubling, registry: CollectorRegistry) -> AsyncIterator[Make]:
    made = []

    def build(
        workers: int = 1,
        batch_size: int = 8,
        queue_size: int = 100,
        deadline: float = 60,
        alone: ThreadBatcher[int, int] | None = None,
    ) -> ThreadBatcher[int, int]:
        metrics = QueueMetrics(registry if alone is None else CollectorRegistry(), "a")
        queue = RequestQueue[int, int](QueueLimits(batch_size, queue_size, deadline), metrics)
        metrics.depth.set_function(lambda: len(queue))
        batcher = ThreadBatcher(work, queue, lambda _: 1, threads=workers, alone=alone)
        made.append(batcher)
        return batcher

    yield build
    work.go.set()
    for batcher in made:
        batcher.close()


async def hold(batcher: ThreadBatcher[int, int], work: Doubling) -> asyncio.Future[int]:
    """Keep one worker busy until `work.go` is set."""
    work.go.clear()
    (answer,) = batcher.submit([1])
    await work.until_began()
    return answer


async def test_an_idle_server_answers_at_once(make: Make, work: Doubling) -> None:
    """One request is one batch: nothing is waited for."""
    batcher = make()
    for number in (3, 4):
        assert await batcher.submit([number])[0] == 2 * number
    assert work.batches == [[3], [4]]


async def test_those_who_wait_go_together_in_their_order(make: Make, work: Doubling) -> None:
    """Up to the batch's size, one of each request in turn: a long one holds up nobody."""
    batcher = make(batch_size=4)
    held = await hold(batcher, work)
    waiting = batcher.submit(range(10, 13)) + batcher.submit(range(20, 23))
    work.go.set()
    assert await asyncio.gather(held, *waiting) == [2, 20, 22, 24, 40, 42, 44]
    assert work.batches == [[1], [10, 20, 11, 21], [12, 22]]


async def test_workers_share_what_waits(make: Make, work: Doubling) -> None:
    """With two of them, neither takes all and leaves the other idle."""
    batcher = make(workers=2, batch_size=64)
    first, second = await hold(batcher, work), await hold(batcher, work)
    waiting = batcher.submit(range(10, 20))
    work.go.set()
    await asyncio.gather(first, second, *waiting)
    assert max(map(len, work.batches)) == 5


async def test_a_full_queue_refuses_all_or_none(make: Make, work: Doubling) -> None:
    """Three that do not fit leave the queue as it was."""
    batcher = make(queue_size=2)
    held = await hold(batcher, work)
    waiting = batcher.submit([5])
    with pytest.raises(QueueFull):
        batcher.submit([6, 7, 8])
    waiting += batcher.submit([9])
    with pytest.raises(QueueFull):
        batcher.submit([10])
    work.go.set()
    assert await asyncio.gather(held, *waiting) == [2, 10, 18]
    assert await asyncio.gather(*batcher.submit([1, 2, 3])) == [
        2,
        4,
        6,
    ]  # more than it holds, but it is empty


async def test_an_error_is_its_own_request_s(make: Make, work: Doubling) -> None:
    """The neighbours in the batch are answered."""
    batcher = make()
    held = await hold(batcher, work)
    good, bad, other = batcher.submit([4, -1, 5])
    work.go.set()
    assert (await held, await good, await other) == (2, 8, 10)
    with pytest.raises(ValueError, match="negative"):
        await bad
    assert work.batches[1] == [4, -1, 5]


async def test_a_worker_outlives_a_lost_batch(make: Make, work: Doubling) -> None:
    """Those who waited are told, and the next request is answered."""
    batcher = make()
    with pytest.raises(RuntimeError, match="whole batch"):
        await batcher.submit([99])[0]
    assert await batcher.submit([2])[0] == 4


async def test_a_request_that_was_given_up_costs_nothing(make: Make, work: Doubling) -> None:
    """Cancelled while it waits, it is never worked on."""
    batcher = make()
    held = await hold(batcher, work)
    gone, stays = batcher.submit([7, 8])
    gone.cancel()
    work.go.set()
    assert (await held, await stays) == (2, 16)
    assert work.batches == [[1], [8]]


async def test_past_its_deadline_a_request_is_refused_unworked(make: Make, work: Doubling) -> None:
    """An answer that comes too late is no answer."""
    batcher = make(deadline=0.05)
    held = await hold(batcher, work)
    (late,) = batcher.submit([7])
    await asyncio.sleep(0.1)  # the deadline itself
    work.go.set()
    assert await held == 2
    with pytest.raises(DeadlineExceeded):
        await late
    assert work.batches == [[1]]


async def test_closing_answers_what_waits(make: Make, work: Doubling) -> None:
    """Nothing that was accepted is lost."""
    batcher = make(workers=2, batch_size=2)
    answers = batcher.submit(range(20))
    await asyncio.to_thread(batcher.close)
    assert await asyncio.gather(*answers) == [2 * number for number in range(20)]


async def test_the_queue_is_measured(make: Make, work: Doubling, registry: CollectorRegistry) -> None:
    """How many wait, for how long, and how many went together."""
    batcher = make()
    held = await hold(batcher, work)
    waiting = batcher.submit([1, 2, 3])
    assert registry.get_sample_value("inference_queue_depth", {"slot": "a"}) == 3
    work.go.set()
    await asyncio.gather(held, *waiting)
    assert registry.get_sample_value("inference_queue_depth", {"slot": "a"}) == 0
    assert registry.get_sample_value("inference_batch_size_sum", {"slot": "a"}) == 4
    assert registry.get_sample_value("inference_batch_size_count", {"slot": "a"}) == 2
    assert registry.get_sample_value("inference_queue_seconds_count", {"slot": "a"}) == 4


async def test_what_a_batch_did_not_come_to_goes_first_in_the_next(make: Make, work: Doubling) -> None:
    """In its order, before those who came later; and to whoever waits it is one request still."""
    batcher = make()
    held = await hold(batcher, work)
    work.unfinished = {5, 6}
    early = batcher.submit([4]) + batcher.submit([5]) + batcher.submit([6])
    work.go.set()
    assert await asyncio.gather(held, *early) == [2, 8, 10, 12]
    assert work.batches == [[1], [4, 5, 6], [5, 6]]


async def test_what_costs_much_is_predicted_apart(make: Make, work: Doubling) -> None:
    """By another batcher, which can tell; whoever waits notices nothing."""
    alone = make()
    batcher = make(alone=alone)
    work.alone = {7}
    seven, eight = batcher.submit([7]) + batcher.submit([8])
    assert (await seven, await eight) == (14, 16)
    assert alone.has_taken_over(seven)
    assert not alone.has_taken_over(eight)
    assert sum(batch.count(7) for batch in work.batches) == 2
    assert sum(batch.count(8) for batch in work.batches) == 1


async def test_the_deadline_passes_though_all_threads_are_stuck(make: Make, work: Doubling) -> None:
    """Whoever waits is told in time, not when a thread comes to look."""
    batcher = make(deadline=0.05)
    held = await hold(batcher, work)
    (late,) = batcher.submit([7])
    with pytest.raises(DeadlineExceeded):
        await asyncio.wait_for(late, 5)
    assert not held.done()


async def test_a_batch_that_gives_no_sign_is_measured(make: Make, work: Doubling) -> None:
    """From when it was taken; an idle batcher has stalled for no time at all."""
    batcher = make()
    assert batcher.stalled_seconds == 0
    held = await hold(batcher, work)
    before = batcher.stalled_seconds
    later = batcher.stalled_seconds
    assert 0 < before < later
    work.go.set()
    await held
    await asyncio.to_thread(until, "idle", lambda: batcher.stalled_seconds == 0, 10)
