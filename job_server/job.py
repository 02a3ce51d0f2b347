"""A job: many inputs handed in at once, as people see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Document = dict[str, Any]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
ENDED = frozenset({"done", "failed", "cancelled"})

# What a job's document says: chunks of it wait to be published; all are; all are done; nobody wants them, but
# some may be open yet; none is.
ACCEPTED, PUBLISHED, DONE, CANCELLING, CANCELLED = "accepted", "published", "done", "cancelling", "cancelled"
OPEN = (ACCEPTED, PUBLISHED)


@dataclass(frozen=True)
class Job:
    """What was handed in; `package_sha256` is the package that answers, None: the latest of the moment.

    Times are in seconds since 1970, here and in all that follows: NX-27017 makes text of dates.
    """

    id: str
    created_at: float
    total: int
    model: str
    version: str
    package_sha256: str | None
    fingerprint: str
    is_cancelled: bool = False

    def to_document(self) -> Document:
        """Return the document that the database holds; it shows to nobody until it is accepted."""
        return {
            "_id": self.id,
            "created_at": self.created_at,
            "total": self.total,
            "model": self.model,
            "version": self.version,
            "package_sha256": self.package_sha256,
            "fingerprint": self.fingerprint,
            "state": ACCEPTED,
        }

    @classmethod
    def from_document(cls, document: Document) -> "Job":
        """Read what `to_document` wrote."""
        return cls(
            id=document["_id"],
            created_at=document["created_at"],
            total=document["total"],
            model=document["model"],
            version=document["version"],
            package_sha256=document["package_sha256"],
            fingerprint=document["fingerprint"],
            is_cancelled=document["state"] in {CANCELLING, CANCELLED},
        )


@dataclass(frozen=True)
class ChunkProgress:
    """How far one chunk is, in inputs; `started_at` is when a worker last took it, or an input of it."""

    count: int
    succeeded: int
    failed: int
    is_done: bool
    started_at: float | None
    finished_at: float | None


@dataclass(frozen=True)
class Backlog:
    """Chunks that nobody has published yet, those that RabbitMQ or a worker has, and when the oldest came."""

    waiting: int
    published: int
    oldest_at: float | None


@dataclass(frozen=True)
class ClosedChunk:
    """A chunk that needs no work any more; `seconds` is from its first try to its answers, None: none."""

    succeeded: int
    failed: int
    cancelled: int
    retries: int
    seconds: float | None


@dataclass(frozen=True)
class Progress:
    """How far a job is, in inputs; the rate is over the time from its first chunk's start on.

    A job has failed where it has ended and none of its inputs could be answered.
    """

    state: JobState
    succeeded: int
    failed: int
    inputs_per_second: float | None
    expected_end: float | None

    @property
    def answered(self) -> int:
        """Return how many inputs have their result."""
        return self.succeeded + self.failed


def progress_of(job: Job, chunks: Sequence[ChunkProgress], now: float) -> Progress:
    """Add a job's chunks up."""
    succeeded, failed = sum(one.succeeded for one in chunks), sum(one.failed for one in chunks)
    answered = succeeded + failed
    started = [one.started_at for one in chunks if one.started_at]
    finished = [one.finished_at for one in chunks if one.finished_at]
    is_done = all(one.is_done for one in chunks)
    rate = None
    if started and finished:
        seconds = (max(finished) if is_done else now) - min(started)
        rate = answered / seconds if seconds > 0 else None
    ended: JobState = "done" if succeeded else "failed"
    state: JobState = ended if is_done else "running" if started else "queued"
    if job.is_cancelled:
        state = "cancelled"
    is_open = state in {"queued", "running"}
    end = now + (job.total - answered) / rate if rate and is_open else None
    return Progress(state, succeeded, failed, rate, end)
