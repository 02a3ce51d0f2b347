"""Give the broker chunks of all jobs in turn, a few at a time: a small job waits for no large one."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Sequence

from job_server.broker import Broker, BrokerUnavailable, QueueLook
from job_server.job import ACCEPTED, OPEN
from job_server.store import JobStore
from mongodb.errors import StoreUnavailable

logger = logging.getLogger(__name__)

# Chunks for each worker: one that it predicts, one for when that is done; more where that is soon.
LEAST_IN_HAND, MOST_IN_HAND = 2, 32
SILENT_SECONDS = 60.0  # without a sign, and with an empty queue, the broker has lost a message


def in_turn(open_jobs: Sequence[str], published: Sequence[str], free: int) -> list[str]:
    """Return which jobs the next chunks are to come from: always one of which the fewest are published.

    `published` has a job's id for each of its chunks that is; among equals the oldest job goes first.
    """
    counts = Counter(published)
    order = []
    for _ in range(free if open_jobs else 0):
        job = min(open_jobs, key=lambda one: counts[one])
        counts[job] += 1
        order.append(job)
    return order


def next_in_hand(in_hand: int, ready: int, workers: int) -> int:
    """Return how many chunks each worker is to have from now on, by how many it has not begun yet.

    None left: workers may have waited, so twice as many. Most of them left: one fewer, for a small job that
    comes waits for them.
    """
    if ready == 0:
        return min(MOST_IN_HAND, 2 * in_hand)
    is_plenty = 2 * ready > in_hand * max(1, workers)
    return max(LEAST_IN_HAND, in_hand - 1) if is_plenty else in_hand


class Publisher:
    """Publishes what waits, again and again; `look` is what the broker says of its queue, None: nothing."""

    def __init__(self, store: JobStore, broker: Broker) -> None:
        self._store = store
        self._broker = broker
        self._in_hand = LEAST_IN_HAND
        self.look: QueueLook | None = None
        self.fault: str | None = "not asked yet"

    async def run(self) -> None:
        """Publish what can be; log an outage once, and its end."""
        try:
            self.look = await self.publish(time.time())
            fault = None
        except StoreUnavailable as error:
            fault = f"the database is away: {error}"
        except BrokerUnavailable as error:
            fault, self.look = f"RabbitMQ takes nothing: {error}", None
        if fault != self.fault:
            logger.warning("chunks wait: %s", fault) if fault else logger.info("chunks are published")
        self.fault = fault

    async def publish(self, now: float) -> QueueLook:
        """Publish as many chunks as the workers have room for; return what the queue was like before.

        Published first, noted then: a crash between has a chunk predicted twice, and its result stored once.

        Raises:
            BrokerUnavailable, StoreUnavailable: the rest has to wait.
        """
        look = await asyncio.to_thread(self._broker.look)
        jobs = await self._store.jobs_in(*OPEN)
        waiting = [job for job, state in jobs.items() if state == ACCEPTED]
        # Where none waits, workers are idle for another reason than that they are quick.
        self._in_hand = next_in_hand(self._in_hand, look.ready, look.workers) if waiting else LEAST_IN_HAND
        if not jobs:
            return look
        published = await self._store.published()
        silent = {chunk: job for chunk, job, seen_at in published if now - seen_at > SILENT_SECONDS}
        if silent and not look.ready:
            told = {"jobs": sorted({*silent.values()})}
            logger.warning("%d chunks without a sign are published again", len(silent), extra=told)
            await self._publish([*silent], now)
        for job in await self._store.note_done([job for job in jobs if job not in waiting]):
            logger.info("a job has ended", extra={"job": job})
        free = self._in_hand * max(1, look.workers) - len(published)
        await self._publish_in_turn(waiting, [job for _, job, _ in published], free, now)
        return look

    async def _publish_in_turn(
        self, jobs: Sequence[str], published: Sequence[str], free: int, now: float
    ) -> None:
        order = in_turn(jobs, published, free)
        waiting = {job: await self._store.waiting(job, count) for job, count in Counter(order).items()}
        exhausted = [job for job, count in Counter(order).items() if len(waiting[job]) < count]
        await self._publish([left.pop(0) for job in order if (left := waiting[job])], now)
        if exhausted:
            await self._store.note_all_published(exhausted)

    async def _publish(self, chunks: list[str], now: float) -> None:
        if chunks:
            await asyncio.to_thread(self._broker.publish, chunks)
            await self._store.note_published(chunks, now)
