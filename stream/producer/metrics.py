"""What Prometheus is told of the producer."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from stream.producer.conditions import Conditions

DRAWING = "drawing"


class ProducerMetrics:
    """Counts what Kafka has taken and what failed; the world's conditions are those of the moment."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        self._slot = slot
        self._registry = registry
        self._sent = Counter(
            "producer_records", "Records that Kafka has taken.", ["slot"], registry=registry
        ).labels(slot)
        self._failures = Counter(
            "producer_failures", "Records that failed, by why.", ["slot", "reason"], registry=registry
        )

    def show(self, conditions: Callable[[], Conditions]) -> None:
        """Show these conditions at each scrape."""
        rate = Gauge(
            "producer_rate", "Records a second that are to be made.", ["slot"], registry=self._registry
        )
        rate.labels(self._slot).set_function(lambda: conditions().rate)
        drift = Gauge(
            "producer_drift", "How far the world has drifted, 0 to 1.", ["slot"], registry=self._registry
        )
        drift.labels(self._slot).set_function(lambda: conditions().drift)

    def count_sent(self) -> None:
        """Count a record that Kafka has."""
        self._sent.inc()

    def count_failure(self, reason: str) -> None:
        """Count a record that failed: the name of Kafka's error, or `drawing`."""
        self._failures.labels(self._slot, reason).inc()
