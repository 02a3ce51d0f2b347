"""The detector's metrics, all of them about one slot."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge

from mongodb.documents import FeatureResult, Result

RECENT = 5
DROP_REASONS = ("width", "not_finite", "unreadable", "too_few")


class DriftMetrics:
    """What Prometheus is told; the p-value is absent before the first result, for 0 would mean drift."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        self._slot = slot

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(name, text, ["slot", *labels], registry=registry)

        self._p_value = gauge("drift_p_value", "P-value of the newest window.")
        self._distance = gauge("drift_distance", "How far the newest window is from the reference.")
        self._threshold = gauge("drift_threshold", "Distance above which the newest window has drifted.")
        p_value = "P-value of a feature of the newest window."
        distance = "How far a feature of the newest window is from the reference (Kolmogorov-Smirnov)."
        self._feature_p_value = gauge("drift_feature_p_value", p_value, "feature")
        self._feature_distance = gauge("drift_feature_distance", distance, "feature")
        self._scored = gauge("drift_last_scored_timestamp_seconds", "When the newest window was scored.")
        self._backlog = gauge("drift_backlog_samples", "Samples that no window has consumed yet.")
        self._recent = gauge(
            "drift_windows_recent", "Windows of the last 5, with and without drift.", "drift"
        )
        names = ["slot", "drift"]
        self._windows = Counter("drift_windows", "Windows scored by this process.", names, registry=registry)
        text = "Samples of a window that could not be scored."
        self._dropped = Counter("drift_samples_dropped", text, ["slot", "reason"], registry=registry)
        for drift in ("true", "false"):
            self._windows.labels(slot, drift)
        for reason in DROP_REASONS:
            self._dropped.labels(slot, reason)

    def count_window(self, drift: bool) -> None:
        """Count a window that this process has scored."""
        self._windows.labels(self._slot, str(drift).lower()).inc()

    def count_dropped(self, dropped: dict[str, int]) -> None:
        """Count samples that could not be scored, by reason."""
        for reason, count in dropped.items():
            self._dropped.labels(self._slot, reason).inc(count)

    def show(self, newest_first: Sequence[Result], backlog: int) -> None:
        """Show the database's newest results, whoever wrote them: so a restart leaves no gap."""
        self._backlog.labels(self._slot).set(backlog)
        drifted = sum(result.drift for result in newest_first[:RECENT])
        self._recent.labels(self._slot, "true").set(drifted)
        self._recent.labels(self._slot, "false").set(len(newest_first[:RECENT]) - drifted)
        for newest in newest_first[:1]:
            self._p_value.labels(self._slot).set(newest.p_value)
            self._distance.labels(self._slot).set(newest.distance)
            self._threshold.labels(self._slot).set(newest.threshold)
            self._scored.labels(self._slot).set(newest.scored_at.timestamp())
            self._show_features(newest.features)

    def _show_features(self, features: Sequence[FeatureResult]) -> None:
        self._feature_p_value.clear()  # a result of another reference has other features, or none
        self._feature_distance.clear()
        for feature in features:
            self._feature_p_value.labels(self._slot, feature.name).set(feature.p_value)
            self._feature_distance.labels(self._slot, feature.name).set(feature.distance)
