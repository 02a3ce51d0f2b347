"""The detector's metrics, all of them about one slot and the models it serves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge

from mongodb.documents import FeatureResult, Result
from mongodb.feedback import FeedbackSums

DROP_REASONS = ("width", "not_finite", "unreadable", "too_few", "no_reference")
COUNTERS_STAY = timedelta(minutes=10)
"""How long the counters of a model that is no longer served stay, so that Prometheus sees how they ended."""


class Model(NamedTuple):
    """A model's name and version: the labels that every series has beside its slot."""

    name: str
    version: str


NOTHING = FeedbackSums()


@dataclass(frozen=True)
class LabelledSamples:
    """Of a model's predictions: how many are in the database, and what their labels say."""

    samples: int = 0
    sums: FeedbackSums = NOTHING

    def __add__(self, other: "LabelledSamples") -> "LabelledSamples":
        """Add two packages of one model."""
        return LabelledSamples(self.samples + other.samples, self.sums + other.sums)


class FeedbackMetrics:
    """What users' labels say of the slot's models; where there is none, accuracy and delay are absent."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        self._slot = slot

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(name, text, ["slot", "model", "version"], registry=registry)

        self._labels = gauge("feedback_labels", "Labels that came for users' predictions of the last 24 h.")
        self._correct = gauge("feedback_correct", "Those of them that were what was predicted.")
        self._accuracy = gauge("feedback_accuracy", "Their share.")
        self._coverage = gauge("feedback_coverage_ratio", "Share of those samples that has a label.")
        self._delay = gauge("feedback_delay_seconds", "Mean time from a prediction to its label.")

    def show(self, by_model: Mapping[Model, LabelledSamples]) -> None:
        """Show these models and no others."""
        for gauge in (self._labels, self._correct, self._accuracy, self._coverage, self._delay):
            gauge.clear()
        for model, labelled in by_model.items():
            sums = labelled.sums
            self._labels.labels(self._slot, *model).set(sums.labels)
            self._correct.labels(self._slot, *model).set(sums.correct)
            # A label's sample may have been written since it was counted.
            samples = max(labelled.samples, sums.labels)
            self._coverage.labels(self._slot, *model).set(sums.labels / samples if samples else 0)
            if sums.labels:
                self._accuracy.labels(self._slot, *model).set(sums.correct / sums.labels)
                self._delay.labels(self._slot, *model).set(sums.delay_seconds / sums.labels)


class DriftMetrics:
    """What Prometheus is told; the p-value is absent before the first result, for 0 would mean drift."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        self._slot = slot
        self._counted: dict[Model, datetime | None] = {}

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(name, text, ["slot", "model", "version", *labels], registry=registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, ["slot", "model", "version", *labels], registry=registry)

        self._p_value = gauge("drift_p_value", "P-value of the served model's newest window.")
        self._distance = gauge("drift_distance", "How far that window is from the reference.")
        self._threshold = gauge("drift_threshold", "Distance above which that window has drifted.")
        p_value = "P-value of a feature of that window."
        distance = "How far a feature of that window is from the reference (Kolmogorov-Smirnov)."
        self._feature_p_value = gauge("drift_feature_p_value", p_value, "feature")
        self._feature_distance = gauge("drift_feature_distance", distance, "feature")
        self._scored = gauge("drift_last_scored_timestamp_seconds", "When that window was scored.")
        self._recent = gauge(
            "drift_windows_recent", "Windows of the last n, with and without drift.", "drift"
        )
        self._detected = gauge("drift_detected", "Whether k or more of the last n windows drifted.")
        self._backlog = gauge("drift_backlog_samples", "Samples that no window has consumed yet.")
        self._windows = counter("drift_windows", "Windows scored by this process.", "drift")
        self._dropped = counter("drift_samples_dropped", "Samples that could not be scored.", "reason")

    def count_window(self, model: Model, *, drift: bool) -> None:
        """Count a window that this process has scored."""
        self._begin(model)
        self._windows.labels(self._slot, *model, str(drift).lower()).inc()

    def count_dropped(self, model: Model, dropped: Mapping[str, int]) -> None:
        """Count samples that could not be scored, by reason."""
        self._begin(model)
        for reason, count in dropped.items():
            self._dropped.labels(self._slot, *model, reason).inc(count)

    def show(
        self,
        served: Model,
        newest_first: Sequence[Result],
        backlog: Mapping[Model, int],
        drifted_windows: int,
        now: datetime,
    ) -> None:
        """Show the database's newest results, whoever wrote them: so a restart leaves no gap.

        The results are the last n of the served package; there is drift from `drifted_windows` of them on.
        Models that are neither served nor in the backlog disappear.
        """
        self._clear()
        for model, count in backlog.items():
            self._backlog.labels(self._slot, *model).set(count)
        drifted = sum(result.drift for result in newest_first)
        self._recent.labels(self._slot, *served, "true").set(drifted)
        self._recent.labels(self._slot, *served, "false").set(len(newest_first) - drifted)
        self._detected.labels(self._slot, *served).set(drifted >= drifted_windows)
        for newest in newest_first[:1]:
            self._p_value.labels(self._slot, *served).set(newest.p_value)
            self._distance.labels(self._slot, *served).set(newest.distance)
            self._threshold.labels(self._slot, *served).set(newest.threshold)
            self._scored.labels(self._slot, *served).set(newest.scored_at.timestamp())
            self._show_features(served, newest.features)
        self._begin(served)
        self._end_others({served, *backlog}, now)

    def _clear(self) -> None:
        for gauge in (
            self._p_value,
            self._distance,
            self._threshold,
            self._feature_p_value,
            self._feature_distance,
            self._scored,
            self._recent,
            self._detected,
            self._backlog,
        ):
            gauge.clear()

    def _show_features(self, served: Model, features: Sequence[FeatureResult]) -> None:
        for feature in features:
            self._feature_p_value.labels(self._slot, *served, feature.name).set(feature.p_value)
            self._feature_distance.labels(self._slot, *served, feature.name).set(feature.distance)

    def _begin(self, model: Model) -> None:
        """Let a model's counters be there, at 0 to begin with."""
        self._counted[model] = None
        for drift in ("true", "false"):
            self._windows.labels(self._slot, *model, drift)
        for reason in DROP_REASONS:
            self._dropped.labels(self._slot, *model, reason)

    def _end_others(self, current: set[Model], now: datetime) -> None:
        """Remove the counters of models that have not been current for COUNTERS_STAY."""
        for model, since in list(self._counted.items()):
            if model in current:
                self._counted[model] = None
            elif since is None:
                self._counted[model] = now
            elif now - since >= COUNTERS_STAY:
                del self._counted[model]
                self._windows.remove_by_labels(self._labels(model))
                self._dropped.remove_by_labels(self._labels(model))

    def _labels(self, model: Model) -> dict[str, str]:
        return {"slot": self._slot, "model": model.name, "version": model.version}
