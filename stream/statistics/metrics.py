"""What Prometheus is told of the training stream."""

from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from stream.consumer import Connection
from stream.statistics.state import State


class StatisticsMetrics:
    """A collector of what was counted last."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        self._slot = slot
        self._state: State | None = None
        self.connection = Connection("statistics", slot)
        registry.register(self)

    def note(self, state: State) -> None:
        """Take over what was counted."""
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """Yield what is known."""
        state = self._state
        seen = CounterMetricFamily("stream_messages", "Messages of the training stream.", labels=["slot"])
        seen.add_metric([self._slot], state.seen if state else 0)
        yield seen
        observed = CounterMetricFamily("stream_records_observed", "Records counted.", labels=["slot"])
        observed.add_metric([self._slot], state.moments.rows if state else 0)
        yield observed
        if state and state.moments.rows:
            yield self._gauge("stream_feature_mean", "Mean.", state.features, state.moments.mean)
            yield self._gauge("stream_feature_variance", "Variance.", state.features, state.moments.variance)
        yield from self.connection.collect()

    def _gauge(self, name: str, text: str, features: Sequence[str], values: Sequence[float]) -> Metric:
        gauge = GaugeMetricFamily(name, f"{text} Of the training stream.", labels=["slot", "feature"])
        for feature, value in zip(features, values, strict=True):
            gauge.add_metric([self._slot, feature], value)
        return gauge
