"""The model server's own metrics; every series exists from the start, so that a rate sees its first event."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from inference.backend import ModelInfo
from inference.manifest import Manifest
from service.traffic import TRAFFIC

CONFIDENCE_BUCKETS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
SECONDS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
DROP_REASONS = ("queue_full", "rejected", "shutdown")
RELOADS = ("loaded", "refused")
WORKER_ENDS = ("image_seconds", "no_answer", "died")


class QueueMetrics:
    """How requests wait for the model, and how many go together."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        self.depth = Gauge(
            "inference_queue_depth", "Requests waiting for a worker.", ["slot"], registry=registry
        ).labels(slot)
        self.seconds = Histogram(
            "inference_queue_seconds",
            "Time a request waited for a worker.",
            ["slot"],
            buckets=SECONDS_BUCKETS,
            registry=registry,
        ).labels(slot)
        self.batch_size = Histogram(
            "inference_batch_size",
            "Images or rows predicted together.",
            ["slot"],
            buckets=BATCH_BUCKETS,
            registry=registry,
        ).labels(slot)
        self.stalled = Gauge(
            "inference_stalled_seconds",
            "Time for which no batch in hand has come to an end; 0 while there is none.",
            ["slot"],
            registry=registry,
        ).labels(slot)


class WorkerMetrics:
    """How worker processes were lost."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        lost = Counter(
            "inference_workers_lost_total",
            "Worker processes lost at work: an image took too long, no answer came, or it died.",
            ["slot", "reason"],
            registry=registry,
        )
        self._lost = {reason: lost.labels(slot, reason) for reason in WORKER_ENDS}

    def count_lost(self, reason: str) -> None:
        """Count a worker that was lost; `reason` is one of WORKER_ENDS."""
        self._lost[reason].inc()


class ModelMetrics:
    """What one slot predicts, how long that takes, and what became of its samples."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        self._slot = slot
        self._info = Gauge(
            "model_info", "The model served.", ["slot", "model", "version", "sha256"], registry=registry
        )
        self._predictions = Counter(
            "predictions_total",
            "Predictions by label.",
            ["slot", "model", "version", "label"],
            registry=registry,
        )
        self._mode = Gauge(
            "inference_mode_info",
            "Where the model runs: worker_processes, threads, or event_loop.",
            ["slot", "mode"],
            registry=registry,
        )
        self.queue = QueueMetrics(registry, slot)
        self.confidence = Histogram(
            "prediction_confidence",
            "Probability of the predicted label.",
            ["slot"],
            buckets=CONFIDENCE_BUCKETS,
            registry=registry,
        ).labels(slot)
        self.inference_seconds = Histogram(
            "inference_duration_seconds",
            "Time of one forward pass, whatever its batch.",
            ["slot"],
            buckets=SECONDS_BUCKETS,
            registry=registry,
        ).labels(slot)
        written = Counter(
            "samples_written_total", "Samples stored in MongoDB.", ["slot", "traffic"], registry=registry
        )
        self.samples_written: dict[str, Counter] = {
            traffic: written.labels(slot, traffic) for traffic in TRAFFIC
        }
        dropped = Counter("samples_dropped_total", "Samples given up.", ["slot", "reason"], registry=registry)
        self.samples_dropped = {reason: dropped.labels(slot, reason) for reason in DROP_REASONS}
        reloads = Counter(
            "model_reloads_total", "Model packages loaded or refused.", ["slot", "outcome"], registry=registry
        )
        self.reloads = {outcome: reloads.labels(slot, outcome) for outcome in RELOADS}

    def show_model(self, model: ModelInfo, mode: str) -> None:
        """Say which model is served from now on, and in which mode; each of its labels counts from 0."""
        manifest = model.manifest
        self._info.clear()
        self._info.labels(self._slot, manifest.name, manifest.version, model.sha256).set(1)
        self._mode.clear()
        self._mode.labels(self._slot, mode).set(1)
        for label in manifest.classes or ("",):
            self._predictions.labels(self._slot, manifest.name, manifest.version, label)

    def count(self, manifest: Manifest, label: str, confidence: float) -> None:
        """Count one prediction; a regressor's has no label and no confidence."""
        self._predictions.labels(self._slot, manifest.name, manifest.version, label).inc()
        if label:
            self.confidence.observe(confidence)
