"""The model server's own metrics; every series exists from the start, so that a rate sees its first event."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from model_server.model_package import ModelPackage

CONFIDENCE_BUCKETS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
INFERENCE_BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
DROP_REASONS = ("queue_full", "rejected", "shutdown")


class ModelMetrics:
    """What one slot predicts, how long that takes, and what became of its samples."""

    def __init__(self, registry: CollectorRegistry, slot: str, package: ModelPackage) -> None:
        manifest = package.manifest
        info = Gauge(
            "model_info", "The model served.", ["slot", "model", "version", "sha256"], registry=registry
        )
        info.labels(slot, manifest.name, manifest.version, package.sha256).set(1)
        predictions = Counter(
            "predictions_total", "Answers by label.", ["slot", "model", "version", "label"], registry=registry
        )
        self.predictions = {
            label: predictions.labels(slot, manifest.name, manifest.version, label)
            for label in manifest.classes
        }
        self.confidence = Histogram(
            "prediction_confidence",
            "Probability of the label answered.",
            ["slot"],
            buckets=CONFIDENCE_BUCKETS,
            registry=registry,
        ).labels(slot)
        self.inference_seconds = Histogram(
            "inference_duration_seconds",
            "Time of one forward pass.",
            ["slot"],
            buckets=INFERENCE_BUCKETS_SECONDS,
            registry=registry,
        ).labels(slot)
        self.samples_written = Counter(
            "samples_written_total", "Samples stored in MongoDB.", ["slot"], registry=registry
        ).labels(slot)
        dropped = Counter("samples_dropped_total", "Samples given up.", ["slot", "reason"], registry=registry)
        self.samples_dropped = {reason: dropped.labels(slot, reason) for reason in DROP_REASONS}
