"""Jobs and their chunks in MongoDB, as the server reads and writes them; StoreUnavailable when it is away."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from job_server import job
from job_server.chunk_documents import (
    CANCELLED,
    CLOSED,
    DONE,
    OPEN,
    PROGRESS,
    PUBLISHED,
    UNCOUNTED,
    WAITING,
    closed,
    inputs_document,
    new_document,
    progress,
)
from job_server.chunks import Chunk
from job_server.job import Backlog, ChunkProgress, ClosedChunk, Document, Job
from mongodb.errors import unavailable_on_error

LISTED = 100
COUNTED_AT_ONCE = 1000


class JobStore:
    """The collections `jobs`, `job_chunks` and `job_inputs`, which are this program's and its workers'."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._jobs = database.jobs
        self._chunks = database.job_chunks
        self._inputs = database.job_inputs

    async def prepare(self) -> None:
        """Create the indexes; safe to repeat."""
        with unavailable_on_error():
            await self._chunks.create_index([("job", 1), ("number", 1)])
            await self._chunks.create_index([("state", 1)])
            await self._inputs.create_index([("job", 1)])
            await self._chunks.create_index([(UNCOUNTED, 1)], sparse=True)

    async def add_chunk(self, chunk: Chunk) -> None:
        """Store a chunk of a job that is not accepted yet; safe to repeat."""
        with unavailable_on_error():
            await self._inputs.replace_one({"_id": chunk.id}, inputs_document(chunk), upsert=True)
            await self._chunks.replace_one({"_id": chunk.id}, new_document(chunk), upsert=True)

    async def accept(self, new: Job) -> None:
        """Have the job count, now that all its chunks are there."""
        with unavailable_on_error():
            await self._jobs.insert_one(new.to_document())

    async def forget(self, job_id: str) -> None:
        """Remove a job that was not accepted, as far as anybody was told, and its chunks."""
        with unavailable_on_error():
            await self._jobs.delete_one({"_id": job_id})  # an insert may have counted that was not answered
            await self._chunks.delete_many({"job": job_id})
            await self._inputs.delete_many({"job": job_id})

    async def forget_unaccepted(self) -> None:
        """Remove the chunks of all jobs that were not; for a start, when none is being handed in."""
        with unavailable_on_error():
            accepted = [one["_id"] async for one in self._jobs.find({}, {"_id": 1})]
            await self._chunks.delete_many({"job": {"$nin": accepted}})
            await self._inputs.delete_many({"job": {"$nin": accepted}})

    async def job(self, job_id: str) -> Job | None:
        """Return a job by its id."""
        with unavailable_on_error():
            document = await self._jobs.find_one({"_id": job_id})
        return Job.from_document(document) if document else None

    async def jobs(self) -> list[Job]:
        """Return the newest jobs, the newest first."""
        with unavailable_on_error():
            documents = await self._jobs.find().sort("created_at", -1).limit(LISTED).to_list()
        return [Job.from_document(one) for one in documents]

    async def progress(self, job_id: str) -> list[ChunkProgress]:
        """Return how far each of a job's chunks is."""
        with unavailable_on_error():
            return [progress(one) async for one in self._chunks.find({"job": job_id}, PROGRESS)]

    async def jobs_in(self, *states: str) -> dict[str, str]:
        """Return the jobs in one of these states, id → state, the oldest first."""
        with unavailable_on_error():
            found = self._jobs.find({"state": {"$in": list(states)}}, {"state": 1}).sort("created_at", 1)
            return {one["_id"]: one["state"] async for one in found}

    async def needed_packages(self) -> set[str]:
        """Return the checksums of the packages that open jobs are answered by."""
        with unavailable_on_error():
            found = self._jobs.find({"state": {"$in": list(job.OPEN)}}, {"package_sha256": 1})
            return {one["package_sha256"] async for one in found} - {None}

    async def note_all_published(self, jobs: Sequence[str]) -> None:
        """Note that no chunk of these jobs waits any more."""
        with unavailable_on_error():
            await self._jobs.update_many(
                {"_id": {"$in": list(jobs)}, "state": job.ACCEPTED}, {"$set": {"state": job.PUBLISHED}}
            )

    async def note_done(self, jobs: Sequence[str]) -> list[str]:
        """Note which of these jobs, whose chunks are all published, have all of them done; return those."""
        ended = []
        for one in jobs:
            with unavailable_on_error():
                if await self._chunks.find_one({"job": one, "state": OPEN}, {"_id": 1}) is None:
                    change = {"$set": {"state": job.DONE}}
                    done = await self._jobs.update_one({"_id": one, "state": job.PUBLISHED}, change)
                    if done.modified_count:
                        ended.append(one)
        return ended

    async def remove_before(self, created_at: float) -> None:
        """Remove the ended jobs that are older, with their results."""
        with unavailable_on_error():
            old = {"state": {"$in": [job.DONE, job.CANCELLED]}, "created_at": {"$lt": created_at}}
            async for one in self._jobs.find(old, {"_id": 1}):
                await self._chunks.delete_many({"job": one["_id"]})
                await self._inputs.delete_many({"job": one["_id"]})
                await self._jobs.delete_one({"_id": one["_id"]})

    async def published(self) -> list[tuple[str, str, float]]:
        """Return id, job and last sign of each chunk that the broker has, or a worker."""
        with unavailable_on_error():
            found = self._chunks.find({"state": PUBLISHED}, {"job": 1, "seen_at": 1})
            return [(one["_id"], one["job"], one["seen_at"]) async for one in found]

    async def waiting(self, job_id: str, most: int) -> list[str]:
        """Return a job's next chunks that were not published."""
        with unavailable_on_error():
            found = (
                self._chunks.find({"job": job_id, "state": WAITING}, {"_id": 1}).sort("number", 1).limit(most)
            )
            return [one["_id"] async for one in found]

    async def note_published(self, chunks: Sequence[str], now: float) -> None:
        """Note that the broker has these; one that a worker has answered already stays answered."""
        with unavailable_on_error():
            await self._chunks.update_many(
                {"_id": {"$in": list(chunks)}, "state": OPEN}, {"$set": {"state": PUBLISHED, "seen_at": now}}
            )

    async def cancel(self, job_id: str) -> None:
        """Have no input of a job tried any more; what is answered stays."""
        with unavailable_on_error():
            open_states = {"$in": list(job.OPEN)}
            change = {"$set": {"state": job.CANCELLING}}
            await self._jobs.update_one({"_id": job_id, "state": open_states}, change)
        await self.finish_cancelling()

    async def finish_cancelling(self) -> None:
        """Close the chunks of the jobs that are being cancelled; a server may have ended while it did."""
        for one in await self.jobs_in(job.CANCELLING):
            with unavailable_on_error():
                change = {"$set": {"state": CANCELLED, UNCOUNTED: True}}
                await self._chunks.update_many({"job": one, "state": OPEN}, change)
                await self._inputs.delete_many({"job": one})
                await self._jobs.update_one({"_id": one}, {"$set": {"state": job.CANCELLED}})

    async def take_uncounted(self) -> list[ClosedChunk]:
        """Return chunks that were closed, each once, and forget their inputs; none: there are no more now."""
        with unavailable_on_error():
            found = await self._chunks.find({UNCOUNTED: True}, CLOSED).limit(COUNTED_AT_ONCE).to_list()
            ids = [one["_id"] for one in found]
            if ids:
                await self._inputs.delete_many({"_id": {"$in": ids}})
                await self._chunks.update_many({"_id": {"$in": ids}}, {"$unset": {UNCOUNTED: ""}})
        return [closed(one) for one in found]

    async def backlog(self) -> Backlog:
        """Return how much is not answered yet, and since when."""
        with unavailable_on_error():
            waiting = await self._chunks.count_documents({"state": WAITING})
            published = await self._chunks.count_documents({"state": PUBLISHED})
            oldest = None
            if waiting + published:
                open_jobs = {"state": {"$in": list(job.OPEN)}}
                oldest = await self._jobs.find_one(open_jobs, {"created_at": 1}, sort=[("created_at", 1)])
        return Backlog(waiting, published, oldest["created_at"] if oldest else None)

    async def results(self, job_id: str) -> AsyncIterator[Document]:
        """Give the results that are there, in the order in which the inputs were handed in."""
        with unavailable_on_error():
            found = self._chunks.find({"job": job_id, "state": DONE}, {"results": 1}).sort("number", 1)
            async for chunk in found.batch_size(4):
                for one in chunk["results"]:
                    yield one
