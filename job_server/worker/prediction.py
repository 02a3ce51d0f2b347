"""Predict a chunk: together at first, one by one where that ended the process, each for a bounded time."""

import signal
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from inference.backend import ModelInfo, ModelInput, Outputs, PredictAlone
from inference.torch_backend import TorchBackend
from job_server.answers import answer, failure
from job_server.chunk_documents import TakenChunk
from job_server.inputs.job_input import JobInput
from job_server.job import Document

MOST_CRASHES = 3  # together with others, then twice alone
MOST_ATTEMPTS = 50  # of a chunk whose processes were ended from outside
CRASHES = f"It ended its worker {MOST_CRASHES} times: it crashes the model, or hangs."

Alarm = Callable[[float], None]


def kernel_alarm(seconds: float) -> None:
    """Have the kernel end this process after so long, 0: never; what hangs in C would hear no exception."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


class ChunkPrediction:
    """Predicts with one model; `alarm` ends the process where an input takes `input_seconds`.

    `predicted` is what the network has said of the inputs that it could be asked, here and now.
    """

    def __init__(self, backend: TorchBackend, input_seconds: float, alarm: Alarm = kernel_alarm) -> None:
        self._backend = backend
        self._input_seconds = input_seconds
        self._alarm = alarm
        self.predicted: list[Outputs] = []

    @property
    def info(self) -> ModelInfo:
        """Return what is known of the model."""
        return self._backend.info

    def together(self, inputs: Sequence[JobInput]) -> list[Document]:
        """Return an answer for each, by one forward pass for all that can be read."""
        readable = [one for one in inputs if one.data is not None]
        try:
            items = iter(self._backend.predict(self._each_in_time(readable)).items) if readable else iter(())
        finally:
            self._alarm(0)
        return [self._answer(one, next(items) if one.data is not None else None) for one in inputs]

    def one_by_one(
        self,
        chunk: TakenChunk,
        note_in_hand: Callable[[int], None],
        note_answer: Callable[[int, Document], None],
    ) -> list[Document]:
        """Return an answer for each; which is in hand, and its answer, are noted at once.

        An input that has ended its process MOST_CRASHES times is not tried again.
        """
        answers = []
        for place, one in enumerate(chunk.inputs):
            found = chunk.answers.get(place)
            if found is None and chunk.crashes + chunk.crashes_alone.get(place, 0) >= MOST_CRASHES:
                found = failure(one, CRASHES)
                note_answer(place, found)
            elif found is None:
                note_in_hand(place)
                (found,) = self.together([one])
                note_answer(place, found)
            answers.append(found)
        return answers

    def _each_in_time(self, inputs: Sequence[JobInput]) -> Iterator[ModelInput]:
        """Give each input, once the one before it has been decoded; then the forward pass has its time."""
        for one in inputs:
            self._alarm(self._input_seconds)
            yield self._model_input(one)
        self._alarm(self._input_seconds)

    def _model_input(self, one: JobInput) -> ModelInput:
        assert one.data is not None  # noqa: S101 - the caller has looked; mypy cannot know
        return one.data if one.row is None else np.frombuffer(one.data, "<f4")[None]

    def _answer(self, one: JobInput, item: Outputs | Exception | None) -> Document:
        if item is None:
            return failure(one, one.error or "It is empty.")
        if isinstance(item, PredictAlone):
            return failure(one, "It has too many pixels for a worker's memory.")
        if isinstance(item, Exception):
            return failure(one, str(item) or repr(item))
        self.predicted.append(item)
        values = [float(value) for value in item.outputs[0]]
        return answer(one, values, self._backend.info.manifest)
