"""Running mean and variance of a tensor model's inputs, feature by feature."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from inference.manifest import TensorInput

MEMORY_ROWS = 1000
PORTION_ROWS = 100


class RunningMoments:
    """Mean and variance (F,) of about the last MEMORY_ROWS rows: an older row counts less with each new one.

    Chan, Golub & LeVeque (1983), "Algorithms for Computing the Sample Variance", with the count held at
    MEMORY_ROWS: from there on it is exponential forgetting.
    """

    def __init__(self, width: int) -> None:
        self.rows = 0
        self._weight = 0.0
        self.mean = np.zeros(width)
        self.variance = np.zeros(width)

    def add(self, rows: NDArray[np.float32]) -> None:
        """Take rows (N, F) in."""
        n = len(rows)
        values = rows.astype(np.float64)
        weight = max(0.0, min(self._weight, MEMORY_ROWS - n))
        share = n / (weight + n)
        difference = values.mean(axis=0) - self.mean
        self.variance = (
            (1 - share) * self.variance
            + share * values.var(axis=0)
            + share * (1 - share) * difference * difference
        )
        self.mean = self.mean + share * difference
        self._weight = weight + n
        self.rows += n


class FeatureStatistics:
    """A Prometheus collector of the moments of a slot's inputs, beside those of the training data."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        self._slot = slot
        self._spec: TensorInput | None = None
        self._moments = RunningMoments(0)
        self._waiting: list[NDArray[np.float32]] = []  # one by one would cost more than predicting
        self._waiting_rows = 0
        registry.register(self)

    def watch(self, spec: TensorInput | None) -> None:
        """Start over for the features of another model; continue for one of the same features."""
        self._take_in()
        if spec is None or self._spec is None or spec.features != self._spec.features:
            self._moments = RunningMoments(0 if spec is None else len(spec.features))
        self._spec = spec

    def add(self, rows: NDArray[np.float32]) -> None:
        """Take rows (N, F) in."""
        if self._spec is not None and rows.shape[1] == len(self._spec.features):
            self._waiting.append(rows.copy())  # not a view that keeps its whole batch in memory
            self._waiting_rows += len(rows)
            if self._waiting_rows >= PORTION_ROWS:
                self._take_in()

    def _take_in(self) -> None:
        if self._waiting:
            self._moments.add(np.concatenate(self._waiting))
            self._waiting.clear()
            self._waiting_rows = 0

    def collect(self) -> Iterator[Metric]:
        """Yield what Prometheus is told; nothing for an image model."""
        if self._spec is None:
            return
        self._take_in()
        observed = CounterMetricFamily("features_observed", "Rows of features predicted.", labels=["slot"])
        observed.add_metric([self._slot], self._moments.rows)
        yield observed
        if self._moments.rows:
            yield self._gauge("feature_mean", "Mean of the recent inputs.", self._moments.mean)
            yield self._gauge("feature_variance", "Variance of the recent inputs.", self._moments.variance)
        if self._spec.mean is not None and self._spec.std is not None:
            mean, std = np.array(self._spec.mean), np.array(self._spec.std)
            yield self._gauge("feature_training_mean", "Mean of the training data.", mean)
            yield self._gauge("feature_training_variance", "Variance of the training data.", std * std)

    def _gauge(self, name: str, text: str, values: NDArray[np.float64]) -> Metric:
        gauge = GaugeMetricFamily(name, text, labels=["slot", "feature"])
        features = self._spec.features if self._spec else ()
        for feature, value in zip(features, values.tolist(), strict=True):
            gauge.add_metric([self._slot, feature], value)
        return gauge
