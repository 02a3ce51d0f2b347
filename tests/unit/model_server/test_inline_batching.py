"""What comes in one turn of the loop is answered together, at the turn's end."""

import asyncio
from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from model_server.batching.event_loop import InlineBatcher
from model_server.metrics import QueueMetrics


@pytest.fixture
def batches() -> list[list[int]]:
    return []


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def batcher(batches: list[list[int]], registry: CollectorRegistry) -> InlineBatcher[int, int]:
    def work(items: Sequence[int]) -> Sequence[int | Exception]:
        batches.append(list(items))
        if 99 in items:
            raise RuntimeError("the whole batch is lost")
        return [ValueError("negative") if item < 0 else 2 * item for item in items]

    return InlineBatcher(work, QueueMetrics(registry, "a"))


async def test_requests_of_one_turn_go_together(
    batcher: InlineBatcher[int, int], batches: list[list[int]], registry: CollectorRegistry
) -> None:
    """Five tasks that submit in the same turn make one batch; the next turn's make another."""

    async def ask(number: int) -> int:
        return await batcher.submit([number])[0]

    assert await asyncio.gather(*map(ask, range(5))) == [0, 2, 4, 6, 8]
    assert await ask(7) == 14
    assert batches == [[0, 1, 2, 3, 4], [7]]
    assert registry.get_sample_value("inference_batch_size_sum", {"slot": "a"}) == 6
    assert registry.get_sample_value("inference_queue_seconds_count", {"slot": "a"}) == 6


async def test_errors_are_told_to_those_who_wait(batcher: InlineBatcher[int, int]) -> None:
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
