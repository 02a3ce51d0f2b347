"""From a request's data to the model's answer: the work of one batch, and the way to it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from model_server.batching import Batcher
from model_server.inline_batching import InlineBatcher
from model_server.loaded_model import Batch, LoadedModel
from model_server.metrics import ModelMetrics
from model_server.preprocessing import read_pixels

Rows = NDArray[np.float32]


class NoFiniteAnswer(Exception):
    """The model answered with NaN or infinity."""


@dataclass(frozen=True, eq=False)
class Question:
    """One image's bytes, or rows (N, F) of a tensor model, for the model that was served when it came."""

    model: LoadedModel
    data: bytes | Rows


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the model says: `outputs` (N, K) and `embeddings` (N, D); N is 1 for an image."""

    model: LoadedModel
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
    """Answers with `model`; whoever replaces it changes what later requests are answered with."""

    def __init__(
        self,
        model: LoadedModel,
        metrics: ModelMetrics,
        *,
        workers: int,
        batch_size: int,
        queue_size: int,
        deadline_seconds: float,
        max_pixels: int,
    ) -> None:
        self.model = model
        self._seconds = metrics.inference_seconds
        self._max_pixels = max_pixels
        self._batcher: Batcher[Question, Prediction] = Batcher(
            self._work,
            metrics.queue,
            workers=workers,
            batch_size=batch_size,
            queue_size=queue_size,
            deadline_seconds=deadline_seconds,
        )
        self._inline: InlineBatcher[Question, Prediction] = InlineBatcher(self._work, metrics.queue)

    def submit(self, data: Sequence[bytes | Rows]) -> list[asyncio.Future[Prediction]]:
        """Queue images, or rows, for the model of this moment, and return their answers to come.

        Raises:
            QueueFull: try again later.
        Each answer may raise NotAnImage, TooManyPixels, WaitedTooLong or NoFiniteAnswer.
        """
        batcher = self._inline if self.model.is_quick else self._batcher
        return batcher.submit([Question(self.model, one) for one in data])

    def close(self) -> None:
        """Finish what waits, then end the threads."""
        self._batcher.close()

    def _work(self, questions: Sequence[Question]) -> list[Prediction | Exception]:
        answers: list[Prediction | Exception] = []
        for model, group in groupby(questions, key=lambda question: question.model):
            answers += self._answer(model, [question.data for question in group])
        return answers

    def _answer(self, model: LoadedModel, data: Sequence[bytes | Rows]) -> list[Prediction | Exception]:
        prepared = [self._prepare(model, one) for one in data]
        inferred = iter(self._infer(model, [one for one in prepared if not isinstance(one, Exception)]))
        return [one if isinstance(one, Exception) else next(inferred) for one in prepared]

    def _prepare(self, model: LoadedModel, data: bytes | Rows) -> Batch | Exception:
        if not isinstance(data, bytes):
            return data
        try:
            return read_pixels(data, model.manifest.image_input.size, self._max_pixels)[None]
        except Exception as error:  # this image's own, and nobody else's
            return error

    def _infer(self, model: LoadedModel, inputs: Sequence[Batch]) -> list[Prediction | Exception]:
        if not inputs:
            return []
        started = time.perf_counter()
        try:
            answer = model.predict(np.concatenate(inputs))
        except Exception as error:
            if len(inputs) == 1:
                return [error]
            return [alone for one in inputs for alone in self._infer(model, [one])]  # find whose fault it is
        self._seconds.observe(time.perf_counter() - started)
        finite = answer.finite_rows()
        ends = list(accumulate(len(one) for one in inputs))
        return [
            Prediction(model, answer.outputs[start:end], answer.embeddings[start:end])
            if finite[start:end].all()
            else NoFiniteAnswer(f"{model.manifest.name} has no finite answer to this input")
            for start, end in pairwise([0, *ends])
        ]
