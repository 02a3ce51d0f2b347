"""What Prometheus is told of jobs."""

import time

from prometheus_client import CollectorRegistry

from job_server.broker import QueueLook
from job_server.job import Backlog, ClosedChunk
from job_server.metrics import JobMetrics


class Looking:
    """What RabbitMQ says."""

    def __init__(self) -> None:
        self.look: QueueLook | None = QueueLook(ready=3, workers=2, dead=1)
        self.registry = CollectorRegistry()
        self.metrics = JobMetrics(self.registry, "jobs", lambda: self.look)

    def value(self, name: str, **labels: str) -> float | None:
        """Return one sample."""
        return self.registry.get_sample_value(name, {"slot": "jobs", **labels})


def test_every_outcome_has_a_series_from_the_start() -> None:
    """A panel of failures says 0, not "No data"."""
    told = Looking()
    for outcome in ("succeeded", "failed", "cancelled"):
        assert told.value("job_inputs_total", outcome=outcome) == 0


def test_a_closed_chunk_is_counted_by_its_inputs() -> None:
    """And by its tries and its time; one that nobody tried has no time."""
    told = Looking()
    told.metrics.count([ClosedChunk(30, 2, 0, 1, 0.7), ClosedChunk(0, 0, 32, 0, None)])
    assert told.value("job_inputs_total", outcome="succeeded") == 30
    assert told.value("job_inputs_total", outcome="failed") == 2
    assert told.value("job_inputs_total", outcome="cancelled") == 32
    assert told.value("job_chunk_retries_total") == 1
    assert told.value("job_chunk_seconds_count") == 1
    assert told.value("job_chunk_seconds_sum") == 0.7


def test_while_rabbitmq_is_away_nothing_is_said_of_workers() -> None:
    """The last number would be taken for the number of now."""
    told = Looking()
    assert (told.value("job_broker_up"), told.value("job_workers"), told.value("job_dead_letters")) == (
        1,
        2,
        1,
    )
    told.look = None
    assert (told.value("job_broker_up"), told.value("job_workers"), told.value("job_dead_letters")) == (
        0,
        None,
        None,
    )


def test_the_oldest_chunk_gets_older_by_itself() -> None:
    """Its age is that at the scrape; without one it is 0, and unknown while the database is away."""
    told = Looking()
    assert told.value("job_oldest_chunk_age_seconds") is None
    told.metrics.show(Backlog(5, 2, time.time() - 60))
    age = told.value("job_oldest_chunk_age_seconds")
    assert age is not None
    assert 60 <= age < 70
    assert told.value("job_chunks", state="waiting") == 5
    assert told.value("job_chunks", state="published") == 2
    told.metrics.show(Backlog(0, 0, None))
    assert told.value("job_oldest_chunk_age_seconds") == 0
    told.metrics.show(None)
    assert told.value("job_chunks", state="waiting") is None
