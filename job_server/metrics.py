"""What Prometheus is told of jobs: what waits, who works on it, and what became of the inputs."""

import time
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from job_server.broker import QueueLook
from job_server.job import Backlog, ClosedChunk

SUCCEEDED, FAILED, CANCELLED = OUTCOMES = ("succeeded", "failed", "cancelled")
BUCKETS_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class JobMetrics(Collector):
    """Counts closed chunks; `look` tells what RabbitMQ says at the time of a scrape."""

    def __init__(self, registry: CollectorRegistry, slot: str, look: Callable[[], QueueLook | None]) -> None:
        self._slot = slot
        self._look = look
        self._backlog: Backlog | None = None
        inputs = Counter(
            "job_inputs", "Inputs of jobs by what became of them.", ["slot", "outcome"], registry=registry
        )
        self._inputs = {outcome: inputs.labels(slot, outcome) for outcome in OUTCOMES}
        self._retries = Counter(
            "job_chunk_retries", "Further tries of chunks whose worker ended.", ["slot"], registry=registry
        ).labels(slot)
        self._seconds = Histogram(
            "job_chunk_seconds",
            "Time from a chunk's first try to its answers.",
            ["slot"],
            buckets=BUCKETS_SECONDS,
            registry=registry,
        ).labels(slot)
        registry.register(self)

    def show(self, backlog: Backlog | None) -> None:
        """Show this backlog; None: it is not known now."""
        self._backlog = backlog

    def count(self, chunks: Iterable[ClosedChunk]) -> None:
        """Count chunks, each once."""
        for one in chunks:
            self._inputs[SUCCEEDED].inc(one.succeeded)
            self._inputs[FAILED].inc(one.failed)
            self._inputs[CANCELLED].inc(one.cancelled)
            self._retries.inc(one.retries)
            if one.seconds is not None:
                self._seconds.observe(one.seconds)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return what is known now: of a part that does not answer there is nothing, in place of what was."""
        look, backlog = self._look(), self._backlog
        yield self._gauge("job_broker_up", "1 while RabbitMQ answers the job server.", look is not None)
        if look is not None:
            yield self._gauge("job_workers", "Workers that RabbitMQ gives chunks to.", look.workers)
            yield self._gauge("job_dead_letters", "Chunks that were delivered too often.", look.dead)
        if backlog is not None:
            chunks = GaugeMetricFamily("job_chunks", "Chunks without answers.", labels=["slot", "state"])
            chunks.add_metric([self._slot, "waiting"], backlog.waiting)
            chunks.add_metric([self._slot, "published"], backlog.published)
            yield chunks
            oldest = backlog.oldest_at
            age = 0.0 if oldest is None else max(0.0, time.time() - oldest)
            yield self._gauge(
                "job_oldest_chunk_age_seconds", "Time since the oldest of them was handed in.", age
            )

    def _gauge(self, name: str, documentation: str, value: float) -> GaugeMetricFamily:
        gauge = GaugeMetricFamily(name, documentation, labels=["slot"])
        gauge.add_metric([self._slot], value)
        return gauge
