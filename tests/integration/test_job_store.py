"""Jobs in a real database."""

import asyncio

from job_server.chunks import Chunk
from job_server.inputs.job_input import JobInput
from job_server.job import Backlog, Job
from job_server.store import JobStore
from job_server.worker.store import WorkerStore
from mongodb.store import Store, blocking_database


async def test_a_job_whose_acceptance_was_not_answered_goes_whole(store: Store) -> None:
    """Its insert may have counted: the next attempt with its key would find a job without inputs."""
    jobs = JobStore(store.database)
    await jobs.add_chunk(Chunk("a", 0, (JobInput(None, 1, b"1234"),)))
    await jobs.accept(Job("a", 1.0, 1, "model", "1", None, "print"))
    await jobs.forget("a")
    assert await jobs.job("a") is None
    assert await jobs.progress("a") == []


async def test_a_closed_chunk_is_counted_once(store: Store, mongodb_uri: str) -> None:
    """Answered or cancelled; what is open is the backlog, whose age is its job's."""
    jobs = JobStore(store.database)
    database = blocking_database(mongodb_uri)
    worker = WorkerStore(database)
    for number in range(3):
        await jobs.add_chunk(Chunk("a", number, (JobInput(None, 1, b"1234"), JobInput(None, 2, b"1234"))))
    await jobs.accept(Job("a", 5.0, 6, "model", "1", None, "print"))
    assert await jobs.backlog() == Backlog(3, 0, 5.0)
    for _ in range(2):
        await asyncio.to_thread(worker.take, "a:0")
    await asyncio.to_thread(worker.finish, "a:0", [{"row": 1}, {"row": 2, "error": "It is no number."}])
    (done,) = await jobs.take_uncounted()
    assert (done.succeeded, done.failed, done.cancelled, done.retries) == (1, 1, 0, 1)
    assert done.seconds is not None
    await store.database.jobs.update_one({"_id": "a"}, {"$set": {"state": "cancelling"}})
    await jobs.finish_cancelling()  # as after a server that was killed while it cancelled
    cancelled = await jobs.job("a")
    assert cancelled is not None
    assert cancelled.is_cancelled
    assert [one.cancelled for one in await jobs.take_uncounted()] == [2, 2]
    assert await jobs.take_uncounted() == []
    assert await store.database.job_inputs.count_documents({}) == 0
    assert await jobs.backlog() == Backlog(0, 0, None)
    database.client.close()
