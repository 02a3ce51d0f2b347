"""Chunks of all jobs are published in turn."""

from collections.abc import Sequence

from job_server.broker import Broker, QueueLook
from job_server.job import ACCEPTED, PUBLISHED
from job_server.publisher import LEAST_IN_HAND, MOST_IN_HAND, Publisher, in_turn, next_in_hand
from job_server.store import JobStore


def test_the_oldest_job_goes_first() -> None:
    """Then each in turn."""
    assert in_turn(["a", "b"], [], 5) == ["a", "b", "a", "b", "a"]


def test_a_new_job_comes_before_the_rest_of_one_that_has_many() -> None:
    """Until it has as many."""
    assert in_turn(["large", "small"], ["large"] * 4, 3) == ["small"] * 3


def test_where_no_job_waits_nothing_is_published() -> None:
    """Nor where nothing is free."""
    assert in_turn([], [], 4) == []
    assert in_turn(["a"], ["a"], 0) == []


def test_workers_that_are_quick_get_more_at_a_time() -> None:
    """None of them is to wait for the next look; there is a bound."""
    in_hand = LEAST_IN_HAND
    for _ in range(10):
        in_hand = next_in_hand(in_hand, ready=0, workers=2)
    assert in_hand == MOST_IN_HAND


def test_workers_that_are_slow_get_fewer() -> None:
    """So a small job that comes waits for few; half of them is as it should be."""
    assert next_in_hand(8, ready=10, workers=2) == 7
    assert next_in_hand(8, ready=8, workers=2) == 8
    assert next_in_hand(LEAST_IN_HAND, ready=4, workers=2) == LEAST_IN_HAND


class SlowTail(JobStore):
    """A database in which the last chunk of a job is at a worker's, for long."""

    def __init__(self) -> None:
        self.states = {"tail": PUBLISHED}
        self.waiting_chunks = {"large": [f"large:{number}" for number in range(100)]}
        self.with_workers = [("tail:0", "tail", 100.0)]

    async def jobs_in(self, *_: str) -> dict[str, str]:
        return self.states

    async def published(self) -> list[tuple[str, str, float]]:
        return self.with_workers

    async def note_done(self, _: Sequence[str]) -> list[str]:
        return []

    async def waiting(self, job_id: str, most: int) -> list[str]:
        return self.waiting_chunks[job_id][:most]

    async def note_published(self, chunks: Sequence[str], now: float) -> None:
        self.with_workers += [(one, "large", now) for one in chunks]


class Queue(Broker):
    """A queue that has one worker, and nothing for it."""

    def __init__(self) -> None:
        self.chunks: list[str] = []

    def look(self) -> QueueLook:
        return QueueLook(ready=0, workers=1, dead=0)

    def publish(self, chunk_ids: Sequence[str]) -> None:
        self.chunks += chunk_ids


async def test_a_slow_end_of_a_job_gives_the_next_one_no_more_at_a_time() -> None:
    """The queue is empty because nothing waits, not because the worker is quick: a small job would wait."""
    store, queue = SlowTail(), Queue()
    publisher = Publisher(store, queue)
    for _ in range(10):
        await publisher.publish(101.0)
    store.states = {"tail": PUBLISHED, "large": ACCEPTED}
    await publisher.publish(101.0)
    assert 0 < len(queue.chunks) < 2 * LEAST_IN_HAND
