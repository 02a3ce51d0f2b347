"""Chunks as a worker takes and answers them; it waits while the database is away."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from job_server.chunk_documents import OPEN, TakenChunk, done_fields, taken
from job_server.job import Document
from mongodb.errors import NEVER_ACCEPTED

logger = logging.getLogger(__name__)

T = TypeVar("T")

AGAIN_SECONDS = 1.0


class WorkerStore:
    """What a worker does to chunks, and only to open ones: what is answered, or cancelled, stays so."""

    def __init__(
        self, database: Database[dict[str, Any]], pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._chunks, self._inputs, self._jobs = database.job_chunks, database.job_inputs, database.jobs
        self._pause = pause
        self._last_job: tuple[str, str | None] = "", None

    def take(self, chunk: str) -> TakenChunk | None:
        """Take a chunk, and count that; None where it is not open any more."""
        now = time.time()
        change = {"$inc": {"attempts": 1}, "$set": {"seen_at": now}, "$min": {"started_at": now}}
        document = self._insist(
            lambda: self._chunks.find_one_and_update(
                {"_id": chunk, "state": OPEN}, change, return_document=ReturnDocument.AFTER
            )
        )
        inputs = self._insist(lambda: self._inputs.find_one({"_id": chunk})) if document else None
        return taken(document, inputs) if document and inputs else None  # none: it was cancelled meanwhile

    def package(self, job: str) -> str | None:
        """Return the checksum of the package that answers a job; None: the slot's of the moment."""
        if self._last_job[0] != job:  # a job's does not change
            document = self._insist(lambda: self._jobs.find_one({"_id": job}, {"package_sha256": 1}))
            self._last_job = job, document["package_sha256"] if document else None
        return self._last_job[1]

    def note_in_hand(self, chunk: str, place: int) -> None:
        """Note that an input is predicted alone; before it is."""
        change = {"$set": {"in_hand": place, "seen_at": time.time()}}
        self._insist(lambda: self._chunks.update_one({"_id": chunk, "state": OPEN}, change))

    def note_crash(self, chunk: str) -> None:
        """Count that a process was ended by what it had in hand of the chunk; without patience.

        Raises:
            PyMongoError: it could not be noted.
        """
        document = self._chunks.find_one({"_id": chunk, "state": OPEN}, {"in_hand": 1})
        if document is not None:
            place = document.get("in_hand")
            field = "crashes" if place is None else f"crashes_alone.{place}"
            self._chunks.update_one({"_id": chunk, "state": OPEN}, {"$inc": {field: 1}})

    def note_answer(self, chunk: str, place: int, answer: Document) -> None:
        """Keep the answer of an input of a chunk whose others are not answered yet."""
        change = {"$set": {f"answers.{place}": answer}}
        self._insist(lambda: self._chunks.update_one({"_id": chunk, "state": OPEN}, change))

    def finish(self, chunk: str, answers: Sequence[Document]) -> bool:
        """Store all answers; False where others were, or nobody wants them any more."""
        change = {
            "$set": done_fields(answers, time.time()),
            "$unset": dict.fromkeys(["answers", "in_hand", "crashes", "crashes_alone"], ""),
        }
        done = self._insist(lambda: self._chunks.update_one({"_id": chunk, "state": OPEN}, change))
        return done.modified_count == 1

    def _insist(self, ask: Callable[[], T]) -> T:
        """Ask again until there is an answer: nobody but this worker has the chunk, and it has time."""
        while True:
            try:
                return ask()
            except PyMongoError as error:
                if isinstance(error, OperationFailure) and error.code in NEVER_ACCEPTED:
                    raise
                logger.warning("the database does not answer: %s", type(error).__name__)
                self._pause(AGAIN_SECONDS)
