"""From a request's inputs to the model's predictions, in batches."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter

import numpy as np

from inference.backend import Backend, ModelInfo, ModelInput, Rows
from model_server.batching.event_loop_batcher import EventLoopBatcher
from model_server.batching.inference_mode import InferenceMode
from model_server.batching.request_queue import QueueLimits, RequestQueue
from model_server.batching.thread_batcher import ThreadBatcher
from model_server.metrics import ModelMetrics


@dataclass(eq=False, slots=True)
class BatchItem:
    """An input, the backend that was serving when it came, and how many images or rows it adds to a batch."""

    backend: Backend
    model_input: ModelInput
    rows: int


@dataclass(frozen=True, eq=False)
class Prediction:
    """A model's outputs for one input: `outputs` (N, K) and `embeddings` (N, D); N is 1 for an image."""

    model: ModelInfo
    outputs: Rows
    embeddings: Rows

    @cached_property
    def rows(self) -> list[list[float]]:
        """Return the outputs as lists."""
        rows: list[list[float]] = self.outputs.tolist()
        return rows

    @cached_property
    def labels(self) -> list[str]:
        """Return the likeliest class of each row; "" where the model has no classes."""
        classes = self.model.manifest.classes
        return [classes[row.index(max(row))] if classes else "" for row in self.rows]


class Predictor:
    """Predicts with `backend`, in `mode`; call `use` first, and to replace both for later requests."""

    backend: Backend
    mode: InferenceMode

    def __init__(self, metrics: ModelMetrics, limits: QueueLimits, *, threads: int) -> None:
        self._batch_size = limits.batch_size
        self._seconds = metrics.inference_seconds
        queues = [RequestQueue[BatchItem, Prediction](limits, metrics.queue) for _ in range(2)]
        metrics.queue.depth.set_function(lambda: sum(map(len, queues)))
        rows = attrgetter("rows")
        self._threads = ThreadBatcher(self._predict, queues[0], rows, threads=threads)
        self._event_loop = EventLoopBatcher(self._predict, queues[1], rows)

    def use(self, backend: Backend, mode: InferenceMode) -> None:
        """Predict with this backend from now on; what is queued keeps the one that it was queued for."""
        self.backend = backend
        self.mode = mode

    def submit(self, inputs: Sequence[ModelInput]) -> list[asyncio.Future[Prediction]]:
        """Queue images, or rows, for the model of this moment, and return their predictions to come.

        Rows that are more than a batch are queued, and predicted, as several batches.

        Raises:
            QueueFull: try again later.
        Each prediction may raise NotAnImage, TooManyPixels, DeadlineExceeded, NonFiniteOutput or WorkerLost.
        """
        items = [BatchItem(self.backend, one, 1 if isinstance(one, bytes) else len(one)) for one in inputs]
        batcher = self._event_loop if self.mode is InferenceMode.EVENT_LOOP else self._threads
        if all(item.rows <= self._batch_size for item in items):
            return batcher.submit(items)
        chunks = [self._split(item) for item in items]
        results = iter(batcher.submit([chunk for of_item in chunks for chunk in of_item]))
        return [_join([next(results) for _ in of_item]) for of_item in chunks]

    def close(self) -> None:
        """Predict what waits, then end the threads."""
        self._threads.close()

    def _split(self, item: BatchItem) -> list[BatchItem]:
        rows, size = item.model_input, self._batch_size
        if isinstance(rows, bytes):
            return [item]
        chunks = [rows[start : start + size] for start in range(0, len(rows), size)]
        return [BatchItem(item.backend, chunk, len(chunk)) for chunk in chunks]

    def _predict(self, items: Sequence[BatchItem]) -> list[Prediction | Exception]:
        predictions: list[Prediction | Exception] = []
        for backend, group in groupby(items, key=lambda item: item.backend):
            result = backend.predict(item.model_input for item in group)
            for seconds in result.seconds:
                self._seconds.observe(seconds)
            predictions += [
                one if isinstance(one, Exception) else Prediction(backend.info, one.outputs, one.embeddings)
                for one in result.items
            ]
        return predictions


def _join(chunks: Sequence[asyncio.Future[Prediction]]) -> asyncio.Future[Prediction]:
    joined = asyncio.ensure_future(_concatenate(chunks))
    joined.add_done_callback(lambda _: [chunk.cancel() for chunk in chunks])  # if it failed, or was cancelled
    return joined


async def _concatenate(chunks: Sequence[asyncio.Future[Prediction]]) -> Prediction:
    predictions = await asyncio.gather(*chunks)
    return Prediction(
        predictions[0].model,
        np.concatenate([one.outputs for one in predictions]),
        np.concatenate([one.embeddings for one in predictions]),
    )
