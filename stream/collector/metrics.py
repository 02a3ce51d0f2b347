"""What Prometheus is told of the collector. The counts are the index's, so a restart resets none."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, Metric

from stream.consumer import Connection
from training_data.intake import REFUSED, STORED
from training_data.record import Reason


class CollectorMetrics:
    """A collector of the numbers that were noted last."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        self._slot = slot
        self._counts: dict[str, int] = {}
        self.connection = Connection("collector", slot)
        registry.register(self)

    def note(self, counts: dict[str, int]) -> None:
        """Take over how many records came, by outcome."""
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Yield what is known."""
        refused = {reason: self._counts.get(f"{REFUSED}:{reason}", 0) for reason in Reason}
        records = CounterMetricFamily("collector_records", "Records by outcome.", labels=["slot", "outcome"])
        records.add_metric([self._slot, "stored"], self._counts.get(STORED, 0))
        records.add_metric([self._slot, "rejected"], sum(refused.values()))
        yield records
        reasons = CounterMetricFamily(
            "collector_rejected", "Records that were refused, by reason.", labels=["slot", "reason"]
        )
        for reason, count in refused.items():
            reasons.add_metric([self._slot, reason], count)
        yield reasons
        yield from self.connection.collect()
