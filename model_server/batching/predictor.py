"""From a request's data to the model's answer, in batches."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from inference.backend import Data, ModelInfo, Rows, ServedModel
from model_server.batching.batcher import Batcher
from model_server.batching.event_loop import InlineBatcher
from model_server.metrics import ModelMetrics


@dataclass(frozen=True, eq=False)
class Question:
    """What the model is asked that was served when the request came."""

    model: ServedModel
    data: Data


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the model says: `outputs` (N, K) and `embeddings` (N, D); N is 1 for an image."""

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
    """Answers with `model`; whoever replaces it changes what later requests are answered with."""

    def __init__(
        self,
        model: ServedModel,
        metrics: ModelMetrics,
        *,
        workers: int,
        batch_size: int,
        queue_size: int,
        deadline_seconds: float,
    ) -> None:
        self.model = model
        self._seconds = metrics.inference_seconds
        self._batcher: Batcher[Question, Prediction] = Batcher(
            self._work,
            metrics.queue,
            workers=workers,
            batch_size=batch_size,
            queue_size=queue_size,
            deadline_seconds=deadline_seconds,
        )
        self._inline: InlineBatcher[Question, Prediction] = InlineBatcher(self._work, metrics.queue)

    def submit(self, data: Sequence[Data]) -> list[asyncio.Future[Prediction]]:
        """Queue images, or rows, for the model of this moment, and return their answers to come.

        Raises:
            QueueFull: try again later.
        Each answer may raise NotAnImage, TooManyPixels, WaitedTooLong, NoFiniteAnswer or WorkerDied.
        """
        batcher = self._inline if self.model.info.is_quick else self._batcher
        return batcher.submit([Question(self.model, one) for one in data])

    def close(self) -> None:
        """Finish what waits, then end the threads."""
        self._batcher.close()

    def _work(self, questions: Sequence[Question]) -> list[Prediction | Exception]:
        answers: list[Prediction | Exception] = []
        for model, group in groupby(questions, key=lambda question: question.model):
            said = model.answer(question.data for question in group)
            for seconds in said.seconds:
                self._seconds.observe(seconds)
            answers += [
                one if isinstance(one, Exception) else Prediction(model.info, one.outputs, one.embeddings)
                for one in said.items
            ]
        return answers
