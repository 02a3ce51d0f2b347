"""Answer one chunk: what it is predicted by, how, and where the results go."""

import logging
import time

from inference.manifest import BadModelPackage
from job_server.answers import failure
from job_server.chunk_documents import TakenChunk
from job_server.chunks import log_fields
from job_server.job import Document
from job_server.worker.models import Models
from job_server.worker.prediction import MOST_ATTEMPTS, ChunkPrediction
from job_server.worker.samples import Samples
from job_server.worker.store import WorkerStore
from service.logs import lines_with

logger = logging.getLogger(__name__)


class Answering:
    """Answers chunks, in a process that may end with any of them."""

    def __init__(self, store: WorkerStore, models: Models, samples: Samples, input_seconds: float) -> None:
        self._store = store
        self._samples = samples
        self._models = models
        self._input_seconds = input_seconds

    def answer(self, chunk_id: str) -> None:
        """Store the results of a chunk, unless somebody has, or nobody wants them any more."""
        with lines_with(log_fields(chunk_id)):
            self._answer(chunk_id)

    def _answer(self, chunk_id: str) -> None:
        started = time.perf_counter()
        chunk = self._store.take(chunk_id)
        if chunk is not None:
            answers, prediction = self._answers(chunk)
            if self._store.finish(chunk_id, answers) and prediction:
                self._samples.write(chunk_id, prediction)
            seconds, failed = time.perf_counter() - started, sum("error" in one for one in answers)
            told = {"inputs": len(answers), "failed": failed, "seconds": round(seconds, 3)}
            logger.info("a chunk is answered", extra=told)

    def _answers(self, chunk: TakenChunk) -> tuple[list[Document], ChunkPrediction | None]:
        if chunk.attempts - chunk.crashes - sum(chunk.crashes_alone.values()) > MOST_ATTEMPTS:
            return _failures(chunk, f"Its worker was ended {MOST_ATTEMPTS} times."), None
        try:
            backend = self._models.get(self._store.package(chunk.job))
        except BadModelPackage as error:
            return _failures(chunk, f"The model cannot be loaded: {error}"), None
        prediction = ChunkPrediction(backend, self._input_seconds)
        if not chunk.crashes:
            return prediction.together(chunk.inputs), prediction
        logger.info("a chunk has ended a process: its inputs come one by one")
        answers = prediction.one_by_one(
            chunk,
            lambda place: self._store.note_in_hand(chunk.id, place),
            lambda place, answer: self._store.note_answer(chunk.id, place, answer),
        )
        return answers, prediction


def _failures(chunk: TakenChunk, reason: str) -> list[Document]:
    return [failure(one, reason) for one in chunk.inputs]
