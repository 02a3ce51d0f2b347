"""Jobs in a real database."""

from job_server.chunks import Chunk
from job_server.inputs.job_input import JobInput
from job_server.job import Job
from job_server.store import JobStore
from mongodb.store import Store


async def test_a_job_whose_acceptance_was_not_answered_goes_whole(store: Store) -> None:
    """Its insert may have counted: the next attempt with its key would find a job without inputs."""
    jobs = JobStore(store.database)
    await jobs.add_chunk(Chunk("a", 0, (JobInput(None, 1, b"1234"),)))
    await jobs.accept(Job("a", 1.0, 1, "model", "1", None, "print"))
    await jobs.forget("a")
    assert await jobs.job("a") is None
    assert await jobs.progress("a") == []
