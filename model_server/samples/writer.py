"""Write samples to the store off the request's path: bounded, in batches, through outages."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from model_server.metrics import ModelMetrics
from mongodb.documents import Sample
from mongodb.errors import SamplesRejected, StoreUnavailable
from mongodb.feedback import LabelledPackage

BATCH_SIZE = 200
GATHER_SECONDS = 0.2
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0

logger = logging.getLogger(__name__)


class SampleStore(Protocol):
    """The part of the store that a writer needs."""

    async def insert_samples(self, samples: Sequence[Sample]) -> None:
        """Store the samples, or raise StoreUnavailable (nothing lost yet) or SamplesRejected."""

    async def note_package(self, package: LabelledPackage) -> None:
        """Store a package's classes, or raise StoreUnavailable."""

    async def close(self) -> None:
        """Close the connections."""


class SampleWriter:
    """Takes samples at once and stores them later; what it cannot keep it counts as dropped."""

    def __init__(self, store: SampleStore, metrics: ModelMetrics, queue_size: int) -> None:
        self._store = store
        self._queue: deque[Sample] = deque()
        self._packages: deque[LabelledPackage] = deque()
        self._queue_size = queue_size
        self._arrived = asyncio.Event()
        self._written = metrics.samples_written
        self._dropped = metrics.samples_dropped
        self._pause_seconds = 0.0

    def announce(self, package: LabelledPackage) -> None:
        """Take the package whose samples come next: whoever finds one of them finds its classes too."""
        self._packages.append(package)

    def offer(self, sample: Sample) -> None:
        """Take the sample if there is room; never waits."""
        if len(self._queue) >= self._queue_size:
            self._dropped["queue_full"].inc()
            return
        self._queue.append(sample)
        self._arrived.set()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._arrived.wait()
            # Time for a batch to gather, or a pause in an outage.
            await asyncio.sleep(self._pause_seconds or GATHER_SECONDS)
            await self._write_batch()

    async def drain(self, seconds: float) -> None:
        """Write what waits, for at most `seconds`; the rest is dropped and counted."""
        try:
            async with asyncio.timeout(seconds):
                while self._queue:
                    await self._write_batch()
                    await asyncio.sleep(self._pause_seconds)
        except TimeoutError:
            logger.warning("samples dropped at shutdown", extra={"samples": len(self._queue)})
        self._dropped["shutdown"].inc(len(self._queue))
        self._queue.clear()

    async def _write_batch(self) -> None:
        # The batch stays in the queue until its fate is known, so that the bound counts it too.
        batch = [self._queue[i] for i in range(min(BATCH_SIZE, len(self._queue)))]
        rejected = 0
        try:
            while self._packages:
                await self._store.note_package(self._packages[0])
                self._packages.popleft()
            await self._store.insert_samples(batch)
        except StoreUnavailable as error:
            self._note_outage(error)
            return
        except SamplesRejected as error:
            rejected = error.count
            logger.warning("samples rejected by the database", extra={"samples": rejected})
        except Exception:  # a fault of ours must not end the writing of all further samples
            rejected = len(batch)
            logger.exception("samples could not be written")
        self._note_success(batch, rejected)

    def _note_outage(self, error: StoreUnavailable) -> None:
        if not self._pause_seconds:
            logger.warning("samples wait, MongoDB is away", extra={"reason": str(error)})
        self._pause_seconds = min(LONGEST_PAUSE_SECONDS, self._pause_seconds * 2 or FIRST_PAUSE_SECONDS)

    def _note_success(self, batch: Sequence[Sample], rejected: int) -> None:
        if self._pause_seconds:
            logger.info("samples are written again")
        self._pause_seconds = 0.0
        for _ in batch:
            self._queue.popleft()
        for sample in batch[rejected:]:  # how many were rejected is known, not which
            self._written[sample.traffic].inc()
        self._dropped["rejected"].inc(rejected)
        if not self._queue:
            self._arrived.clear()
