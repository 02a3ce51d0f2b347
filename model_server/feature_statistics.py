"""Running mean and variance of what users send a slot, feature by feature."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from inference.backend import ModelInfo
from inference.moments import RunningMoments

MEMORY_ROWS = 1000
PORTION_ROWS = 100


class FeatureStatistics:
    """A Prometheus collector of the moments of a slot's inputs, beside those of the training data."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        self._slot = slot
        self._model: ModelInfo | None = None
        self._width = 0
        self._moments = RunningMoments(0)
        self._waiting: list[NDArray[np.float32]] = []  # one by one would cost more than predicting
        self._waiting_rows = 0
        registry.register(self)

    def watch(self, model: ModelInfo) -> None:
        """Start over for the features of another model; continue for one of the same features."""
        self._take_in()
        if self._model is None or not same_features(model, self._model):
            self._width = len(model.watched.names)
            self._moments = RunningMoments(self._width, memory=MEMORY_ROWS)
        self._model = model

    def add(self, model: ModelInfo, rows: NDArray[np.float32]) -> None:
        """Take in rows (N, F), or embeddings (N, D), of this model; those of a replaced one count no more."""
        if model is self._model or (self._model is not None and same_features(model, self._model)):
            self._waiting.append(rows[:, : self._width].copy())  # not a view that keeps its batch in memory
            self._waiting_rows += len(rows)
            if self._waiting_rows >= PORTION_ROWS:
                self._take_in()

    def _take_in(self) -> None:
        if self._waiting:
            self._moments.add(np.concatenate(self._waiting))
            self._waiting.clear()
            self._waiting_rows = 0

    def collect(self) -> Iterator[Metric]:
        """Yield what Prometheus is told."""
        if self._model is None:
            return
        self._take_in()
        observed = CounterMetricFamily(
            "features_observed", "Rows or images of users whose features were watched.", labels=["slot"]
        )
        observed.add_metric([self._slot], self._moments.rows)
        yield observed
        if self._moments.rows:
            yield self._gauge("feature_mean", "Mean of the recent inputs.", self._moments.mean.tolist())
            variance = self._moments.variance.tolist()
            yield self._gauge("feature_variance", "Variance of the recent inputs.", variance)
        training = self._model.watched
        yield self._gauge("feature_training_mean", "Mean of the training data.", training.mean)
        yield self._gauge("feature_training_variance", "Variance of the training data.", training.variance)

    def _gauge(self, name: str, text: str, values: Sequence[float]) -> Metric:
        gauge = GaugeMetricFamily(name, text, labels=["slot", "feature"])
        names = self._model.watched.names if self._model else ()
        for feature, value in zip(names, values, strict=True):
            gauge.add_metric([self._slot, feature], value)
        return gauge


def same_features(one: ModelInfo, other: ModelInfo) -> bool:
    """Tell whether two models' features are the same; those of an image are only with the same package."""
    if one.manifest.tensor is None or other.manifest.tensor is None:
        return one.sha256 == other.sha256  # the weights decide what an embedding's component means
    return one.watched.names == other.watched.names
