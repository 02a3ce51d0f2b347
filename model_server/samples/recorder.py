"""What is kept of each prediction: counters, the inputs' statistics, and a share of samples."""

from collections.abc import Callable
from datetime import UTC, datetime

from model_server.batching.predictor import Prediction
from model_server.feature_statistics import FeatureStatistics
from model_server.metrics import ModelMetrics
from mongodb.documents import Sample
from mongodb.sampling import is_sampled
from service.traffic import USER, Traffic


class Recorder:
    """Records predictions beside the request; never waits."""

    def __init__(
        self,
        slot: str,
        sample_rate: float,
        metrics: ModelMetrics,
        features: FeatureStatistics,
        offer_sample: Callable[[Sample], None],
    ) -> None:
        self._slot = slot
        self._sample_rate = sample_rate
        self._metrics = metrics
        self._features = features
        self._offer_sample = offer_sample

    def record(
        self, prediction: Prediction, request_id: str, traffic: Traffic = USER, first_row: int = 0
    ) -> None:
        """Count every row that a user asked for, and offer the sampled ones, whoever asked.

        `first_row` is the place of the prediction's first row among all of the request's.
        """
        manifest = prediction.model.manifest
        if traffic == USER:
            self._features.add(prediction.model, prediction.embeddings)
        for row, (label, values) in enumerate(zip(prediction.labels, prediction.rows, strict=True)):
            confidence = max(values) if label else values[0]
            if traffic == USER:
                self._metrics.count(manifest, label, confidence)
            if is_sampled(f"{request_id}#{row}" if row else request_id, self._sample_rate):
                place = first_row + row
                self._offer_sample(
                    self._sample(request_id, prediction, row, confidence, traffic, place=place)
                )

    def _sample(
        self,
        request_id: str,
        prediction: Prediction,
        row: int,
        confidence: float,
        traffic: Traffic,
        *,
        place: int,
    ) -> Sample:
        manifest = prediction.model.manifest
        return Sample(
            request_id=request_id,
            slot=self._slot,
            model=manifest.name,
            version=manifest.version,
            package_sha256=prediction.model.sha256,
            created_at=datetime.now(UTC),
            embedding=prediction.embeddings[row].copy(),  # not a view that keeps its whole batch in memory
            label=prediction.labels[row],
            confidence=confidence,
            traffic=traffic,
            probabilities=tuple(prediction.rows[row]) if manifest.classes else (),
            row=place,
        )
