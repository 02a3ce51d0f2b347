"""Chunks as MongoDB holds them: how far each is and its results in one document, its inputs in another.

One document changes at once or not at all: so a chunk has its results, all of them, or none. Its inputs are
large, and read once: whoever looks how far a job is need not read them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bson import decode, encode

from job_server.chunks import Chunk
from job_server.inputs.job_input import JobInput
from job_server.job import ChunkProgress, ClosedChunk, Document

WAITING, PUBLISHED, DONE, CANCELLED = "waiting", "published", "done", "cancelled"
OPEN = {"$in": [WAITING, PUBLISHED]}
UNCOUNTED = "is_uncounted"  # a mark of a closed chunk until the metrics have it
CLOSED = {
    "count": 1,
    "succeeded": 1,
    "failed": 1,
    "state": 1,
    "attempts": 1,
    "started_at": 1,
    "finished_at": 1,
}
PROGRESS = {"count": 1, "succeeded": 1, "failed": 1, "state": 1, "started_at": 1, "finished_at": 1}


@dataclass(frozen=True)
class TakenChunk:
    """A chunk in a worker's hands, for the `attempts`-th time.

    `crashes` counts how often predicting it together ended a process by its own fault, `crashes_alone` the
    same of each input by its place; `answers` are those of inputs that have one already.
    """

    id: str
    job: str
    inputs: tuple[JobInput, ...]
    attempts: int
    crashes: int
    crashes_alone: dict[int, int]
    answers: dict[int, Document]


def new_document(chunk: Chunk) -> Document:
    """Return the document of a chunk that nobody has taken."""
    return {
        "_id": chunk.id,
        "job": chunk.job,
        "number": chunk.number,
        "state": WAITING,
        "count": len(chunk.inputs),
        "attempts": 0,
    }


def inputs_document(chunk: Chunk) -> Document:
    """Return the document of a chunk's inputs, as one value: nobody asks for a part of it."""
    inputs = [_input_document(one) for one in chunk.inputs]
    return {"_id": chunk.id, "job": chunk.job, "inputs": encode({"all": inputs})}


def taken(document: Document, inputs: Document) -> TakenChunk:
    """Read a chunk that a worker has taken, and its inputs."""
    return TakenChunk(
        document["_id"],
        document["job"],
        tuple(JobInput(**one) for one in decode(inputs["inputs"])["all"]),
        document["attempts"],
        document.get("crashes", 0),
        {int(place): count for place, count in document.get("crashes_alone", {}).items()},
        {int(place): answer for place, answer in document.get("answers", {}).items()},
    )


def done_fields(answers: Sequence[Document], now: float) -> Document:
    """Return what a chunk's document gets once all its inputs have their answers."""
    failed = sum("error" in one for one in answers)
    return {
        "state": DONE,
        "results": list(answers),
        "failed": failed,
        "succeeded": len(answers) - failed,
        "finished_at": now,
        UNCOUNTED: True,
    }


def progress(document: Document) -> ChunkProgress:
    """Read how far a chunk is; of an open one what was answered by itself does not count yet."""
    return ChunkProgress(
        document["count"],
        document.get("succeeded", 0),
        document.get("failed", 0),
        document["state"] == DONE,
        document.get("started_at"),
        document.get("finished_at"),
    )


def closed(document: Document) -> ClosedChunk:
    """Read a chunk that needs no work any more."""
    is_done = document["state"] == DONE
    return ClosedChunk(
        succeeded=document.get("succeeded", 0),
        failed=document.get("failed", 0),
        cancelled=0 if is_done else document["count"],
        retries=max(0, document["attempts"] - 1),
        seconds=document["finished_at"] - document["started_at"] if is_done else None,
    )


def _input_document(one: JobInput) -> Document:
    fields = {
        "filename": one.filename,
        "row": one.row,
        "data": one.data,
        "error": one.error,
        "label": one.label,
    }
    return {name: value for name, value in fields.items() if value is not None} | {
        "filename": one.filename,
        "row": one.row,
        "data": one.data,
    }
