"""From an upload's bytes to an answer, in a bounded number of threads beside the event loop."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_server.classifier import Classifier
from model_server.decoding import decode
from model_server.metrics import ModelMetrics
from model_server.preprocessing import to_tensor


class QueueFull(Exception):
    """As many predictions as allowed are waiting already."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the model says of one image; `embedding` is (D,) float32."""

    label: str
    confidence: float
    probabilities: dict[str, float]
    embedding: NDArray[np.float32]


class Predictor:
    """Decodes and classifies one image per thread; at most `queue_size` are under way or waiting."""

    def __init__(
        self, classifier: Classifier, metrics: ModelMetrics, *, threads: int, queue_size: int, max_pixels: int
    ) -> None:
        self.classifier = classifier
        self._metrics = metrics
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="predict")
        self._queue_size = queue_size
        self._max_pixels = max_pixels
        self._pending = 0

    async def predict(self, data: bytes) -> Prediction:
        """Answer one image.

        Raises:
            QueueFull: try again later.
            NotAnImage, TooManyPixels: see `decode`.
        """
        if self._pending >= self._queue_size:
            raise QueueFull
        self._pending += 1
        future = asyncio.get_running_loop().run_in_executor(self._executor, self._predict, data)
        future.add_done_callback(self._leave)
        prediction = await future
        self._metrics.predictions[prediction.label].inc()
        self._metrics.confidence.observe(prediction.confidence)
        return prediction

    def close(self) -> None:
        """Wait for what is under way, then end the threads."""
        self._executor.shutdown()

    def _leave(self, _: object) -> None:
        self._pending -= 1

    def _predict(self, data: bytes) -> Prediction:
        package = self.classifier.package
        tensor = to_tensor(decode(data, self._max_pixels), package.manifest.input)
        started = time.perf_counter()
        predictions = self.classifier.predict(tensor.unsqueeze(0))
        self._metrics.inference_seconds.observe(time.perf_counter() - started)
        probabilities = predictions.probabilities[0]
        best = int(probabilities.argmax())
        return Prediction(
            label=package.manifest.classes[best],
            confidence=float(probabilities[best]),
            probabilities=dict(zip(package.manifest.classes, probabilities.tolist(), strict=True)),
            embedding=predictions.embeddings[0].copy(),
        )
