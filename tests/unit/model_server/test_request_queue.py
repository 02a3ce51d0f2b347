"""The queue by itself, on a clock that the test moves: its deadline, its bound and the batches it gives."""

from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from model_server.batching.request_queue import (
    QueuedInput,
    QueueFull,
    QueueLimits,
    RequestQueue,
    deliver,
)
from model_server.metrics import QueueMetrics

LIMITS = QueueLimits(batch_size=8, queue_size=4, deadline_seconds=5)


class Waiting:
    """A queue of requests of as many rows as their number says, and its clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.registry = CollectorRegistry()
        self.queue = RequestQueue[int, int](LIMITS, QueueMetrics(self.registry, "a"), lambda: self.now)

    def put(self, *items: int) -> None:
        self.queue.put(items, lambda item: item)

    def measured(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"inference_{name}", {"slot": "a"})


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


def items(requests: Sequence[QueuedInput[int, int]]) -> list[int]:
    return [request.item for request in requests]


async def test_a_request_expires_past_its_deadline_and_not_before(waiting: Waiting) -> None:
    """After five seconds to the dot it is predicted, a moment later it is not."""
    waiting.put(1)
    waiting.now += 0.5
    waiting.put(2)
    waiting.now += 4.5
    waiting.put(3)
    batch, expired = waiting.queue.take(2)
    assert (items(batch), items(expired)) == ([1, 2], [])
    waiting.now += 5.25
    batch, expired = waiting.queue.take()
    assert (items(batch), items(expired)) == ([], [3])


async def test_the_time_waited_is_measured(waiting: Waiting) -> None:
    """Of those that are predicted and of those that are refused; a batch of nothing is none."""
    waiting.put(1)
    waiting.now += 2
    waiting.queue.take()
    waiting.put(1)
    waiting.now += 6
    waiting.queue.take()
    assert waiting.measured("queue_seconds_sum") == 8
    assert waiting.measured("queue_seconds_count") == 2
    assert waiting.measured("batch_size_count") == 1


async def test_who_left_is_passed_over(waiting: Waiting) -> None:
    """Wherever they stood, and neither measured nor refused."""
    results = waiting.queue.put([1, 2, 3, 1], lambda item: item)
    results[0].cancel()
    results[2].cancel()
    batch, expired = waiting.queue.take()
    assert (items(batch), items(expired)) == ([2, 1], [])
    assert waiting.measured("queue_seconds_count") == 2
    assert len(waiting.queue) == 0


async def test_the_last_place_is_taken(waiting: Waiting) -> None:
    """A queue of four holds four, not three and not five."""
    waiting.put(1, 1, 1)
    waiting.put(1)
    with pytest.raises(QueueFull):
        waiting.put(1)
    assert len(waiting.queue) == 4


async def test_each_gets_its_own_result_and_who_left_none(waiting: Waiting) -> None:
    """In order; one who cancelled stops nobody's, and a result too few is a fault that is not passed over."""
    first, left, last = waiting.queue.put([1, 2, 3], lambda item: item)
    batch, _ = waiting.queue.take()
    left.cancel()
    results: list[int | Exception] = [10, 20, ValueError("thirty")]
    deliver(batch, results)
    assert first.result() == 10
    assert str(last.exception()) == "thirty"
    with pytest.raises(ValueError, match="shorter"):
        deliver(batch, results[:2])


async def test_requests_take_turns(waiting: Waiting) -> None:
    """One input of each, so that sixty-four images in one form make nobody wait for all of them."""
    waiting.queue = RequestQueue(QueueLimits(8, 100, 5), QueueMetrics(CollectorRegistry(), "a"))
    for numbers in ([1] * 3, [2], [3] * 2):
        waiting.queue.put(numbers, lambda _: 1)
    assert items(waiting.queue.take(4)[0]) == [1, 2, 3, 1]
    waiting.queue.put([4], lambda _: 1)
    assert items(waiting.queue.take()[0]) == [3, 1, 4]


async def test_a_turn_begins_the_deadline_anew(waiting: Waiting) -> None:
    """A long request that gets its turns is not refused, one that gets none is, whole."""
    waiting.put(1, 1, 1)
    waiting.now += 4
    assert items(waiting.queue.take(1)[0]) == [1]
    waiting.now += 4
    assert items(waiting.queue.take(1)[0]) == [1]
    waiting.put(2, 2)
    waiting.now += 5.25
    assert items(waiting.queue.take_expired()) == [1, 2, 2]
    assert len(waiting.queue) == 0


async def test_what_is_put_back_comes_first_in_its_order(waiting: Waiting) -> None:
    """Whether or not more of its request waits still."""
    waiting.put(1)
    waiting.put(2, 3)
    waiting.put(4)
    batch, _ = waiting.queue.take(2)
    assert items(batch) == [1, 2]
    waiting.queue.put_back(batch)
    assert items(waiting.queue.take()[0]) == [1, 2, 4]
    assert len(waiting.queue) == 1


async def test_what_is_put_back_waits_anew_and_holds_up_no_deadline(waiting: Waiting) -> None:
    """A batch that was lost after long is no reason to refuse it; those behind it expire as they would."""
    waiting.put(1)
    waiting.put(2)
    batch, _ = waiting.queue.take(1)
    waiting.now += 5.25
    waiting.queue.put_back(batch)
    assert items(waiting.queue.take_expired()) == [2]
    assert items(waiting.queue.take()[0]) == [1]
