"""The shadow's pairs for Prometheus: counted once, as the database knows them, whoever was restarted."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from release.shadow.comparison import Comparison, Totals


class ShadowMetrics(Collector):
    """Counters that say nothing before the database has been read."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        self._slot = slot
        self._totals: Totals | None = None
        registry.register(self)

    def show(self, comparison: Comparison) -> None:
        """Take what is known now."""
        self._totals = comparison.totals

    def collect(self) -> Iterable[Metric]:
        """Return the counters."""
        pairs = self._counter("shadow_pairs", "Requests that both production and its shadow answered.")
        disagreements = self._counter("shadow_disagreements", "Those of them with two different labels.")
        unpaired = self._counter(
            "shadow_unpaired", "Sampled answers to copies that make no pair, by why.", "reason"
        )
        distance = SummaryMetricFamily(
            "shadow_probability_distance", "The pairs' total variation distances.", labels=["slot"]
        )
        if (totals := self._totals) is not None:
            pairs.add_metric([self._slot], totals.pairs)
            disagreements.add_metric([self._slot], totals.disagreements)
            distance.add_metric([self._slot], count_value=totals.distances, sum_value=totals.distance)
            for why, count in totals.unpaired.items():
                unpaired.add_metric([self._slot, why], count)
        return pairs, disagreements, unpaired, distance

    @staticmethod
    def _counter(name: str, documentation: str, *labels: str) -> CounterMetricFamily:
        return CounterMetricFamily(name, documentation, labels=["slot", *labels])
