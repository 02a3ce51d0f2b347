"""From a request's inputs to the model's predictions, in batches."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter

import numpy as np

from inference.backend import Backend, ModelInfo, ModelInput, PredictAlone, Rows
from model_server.batching.event_loop_batcher import EventLoopBatcher
from model_server.batching.inference_mode import InferenceMode
from model_server.batching.request_queue import QueueLimits, RequestQueue
from model_server.batching.thread_batcher import ThreadBatcher
from model_server.metrics import ModelMetrics


@dataclass(eq=False, slots=True)
class BatchItem:
    """An input, the backend that was serving when it came, and how many images or rows it adds to a batch.

    `alone` is what it came back with, if it is to be predicted by itself.
    """

    backend: Backend
    model_input: ModelInput
    rows: int
    alone: PredictAlone | None = None


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
        of_threads, of_loop, of_alone = queues = [
            RequestQueue[BatchItem, Prediction](one, metrics.queue)
            for one in (limits, limits, replace(limits, batch_size=1))
        ]
        metrics.queue.depth.set_function(lambda: sum(map(len, queues)))
        metrics.queue.stalled.set_function(lambda: self.stalled_seconds)
        rows = attrgetter("rows")
        self._alone = ThreadBatcher(self._predict, of_alone, rows, threads=1)
        self._threads = ThreadBatcher(self._predict, of_threads, rows, threads=threads, alone=self._alone)
        self._event_loop = EventLoopBatcher(self._predict, of_loop, rows)

    def use(self, backend: Backend, mode: InferenceMode) -> None:
        """Predict with this backend from now on; what is queued keeps the one that it was queued for."""
        self.backend = backend
        self.mode = mode

    def submit(self, inputs: Sequence[ModelInput]) -> list[asyncio.Future[Prediction]]:
        """Queue images, or rows, for the model of this moment, and return their predictions to come.

        Rows that are more than a batch are queued, and predicted, as several batches.

        Raises:
            QueueFull: try again later.
        Each prediction may raise NotAnImage, TooManyPixels, CostsTooMuch, OutOfTime, NonFiniteOutput,
        DeadlineExceeded or PoolLost.
        """
        items = [BatchItem(self.backend, one, _rows(one)) for one in inputs]
        batcher = self._event_loop if self.mode is InferenceMode.EVENT_LOOP else self._threads
        if all(item.rows <= self._batch_size for item in items):
            return batcher.submit(items)
        chunks = [self._split(item) for item in items]
        results = iter(batcher.submit([chunk for of_item in chunks for chunk in of_item]))
        return [_join([next(results) for _ in of_item]) for of_item in chunks]

    def is_large(self, inputs: Sequence[ModelInput]) -> bool:
        """Tell whether these are more than one image, or more rows than one batch."""
        return len(inputs) > 1 or any(_rows(one) > self._batch_size for one in inputs)

    def is_predicted_alone(self, prediction: asyncio.Future[Prediction]) -> bool:
        """Tell whether this prediction to come has turned out to cost more than its share of a batch."""
        return self._alone.has_taken_over(prediction)

    @property
    def stalled_seconds(self) -> float:
        """Return for how long no batch in hand has come to an end; 0 if there is none."""
        return max(self._threads.stalled_seconds, self._alone.stalled_seconds)

    def close(self) -> None:
        """Predict what waits, then end the threads."""
        self._threads.close()
        self._alone.close()

    def _split(self, item: BatchItem) -> list[BatchItem]:
        rows, size = item.model_input, self._batch_size
        if isinstance(rows, bytes):
            return [item]
        chunks = [rows[start : start + size] for start in range(0, len(rows), size)]
        return [BatchItem(item.backend, chunk, len(chunk)) for chunk in chunks]

    def _predict(self, items: Sequence[BatchItem]) -> list[Prediction | Exception]:
        predictions: dict[BatchItem, Prediction | Exception] = {}
        for backend in dict.fromkeys(item.backend for item in items):  # two, where one replaces the other
            of_backend = [item for item in items if item.backend is backend]
            inputs = (item.model_input for item in of_backend)
            result = backend.predict(inputs, alone=of_backend[0].alone)  # such an item comes by itself
            for seconds in result.seconds:
                self._seconds.observe(seconds)
            for item, one in zip(of_backend, result.items, strict=True):
                item.alone = one if isinstance(one, PredictAlone) else None
                predictions[item] = (
                    one
                    if isinstance(one, Exception)
                    else Prediction(backend.info, one.outputs, one.embeddings)
                )
        return [predictions[item] for item in items]


def _rows(model_input: ModelInput) -> int:
    return 1 if isinstance(model_input, bytes) else len(model_input)


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
