"""A job's state and rate follow from its chunks."""

import pytest

from job_server.job import ChunkProgress, Job, progress_of

JOB = Job("a", 100.0, 30, "model", "1", "sha", "print")
WAITING = ChunkProgress(10, 0, 0, False, None, None)
RUNNING = ChunkProgress(10, 0, 0, False, 105.0, None)
DONE = ChunkProgress(10, 8, 2, True, 101.0, 103.0)


def test_nothing_has_begun() -> None:
    """It is queued, and nobody knows when it ends."""
    progress = progress_of(JOB, [WAITING] * 3, 110.0)
    assert (progress.state, progress.answered, progress.expected_end) == ("queued", 0, None)


def test_the_rest_is_expected_at_the_rate_so_far() -> None:
    """Counted from the first chunk's start on."""
    progress = progress_of(JOB, [DONE, RUNNING, WAITING], 106.0)
    assert (progress.state, progress.succeeded, progress.failed) == ("running", 8, 2)
    assert progress.inputs_per_second == 2.0
    assert progress.expected_end == 116.0


def test_a_done_jobs_rate_stays() -> None:
    """It ends with its last chunk."""
    progress = progress_of(JOB, [DONE] * 3, 1000.0)
    assert (progress.state, progress.inputs_per_second, progress.expected_end) == ("done", 15.0, None)


def test_a_job_none_of_whose_inputs_could_be_answered_has_failed() -> None:
    """Once all were tried."""
    failed = ChunkProgress(10, 0, 10, True, 101.0, 103.0)
    assert progress_of(JOB, [failed, WAITING], 110.0).state == "running"
    assert progress_of(JOB, [failed] * 3, 110.0).state == "failed"
    assert progress_of(JOB, [failed, DONE], 110.0).state == "done"


def test_a_cancelled_job_is_cancelled() -> None:
    """Whatever of it is answered."""
    cancelled = Job("a", 100.0, 30, "model", "1", None, "print", is_cancelled=True)
    for chunks in ([DONE, WAITING], [DONE]):
        assert progress_of(cancelled, chunks, 110.0).state == "cancelled"


@pytest.mark.parametrize("sha256", ["sha", None])
def test_its_document_says_all(sha256: str | None) -> None:
    """And is read back."""
    job = Job("a", 100.0, 30, "model", "1", sha256, "print")
    assert Job.from_document(job.to_document()) == job
