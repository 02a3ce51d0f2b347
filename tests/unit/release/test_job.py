"""A job goes on whatever happens, and says what happens once."""

import asyncio

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]

from mongodb.errors import StoreUnavailable
from release import job as job_module
from release.job import Job
from release.store import Conflict


class Work:
    """Something to do that fails as the test says."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.fails: Exception | None = None

    async def prepare(self) -> None:
        await self._do("prepare")

    async def resume(self) -> None:
        await self._do("resume")

    async def tick(self) -> None:
        await self._do("tick")

    async def _do(self, what: str) -> None:
        if self.fails:
            raise self.fails
        self.done.append(what)


async def test_what_a_kill_left_is_done_before_the_first_tick_and_once() -> None:
    """Each is tried until it has gone well."""
    work = Work()
    job = Job("the release", work.tick, 1, [work.prepare, work.resume])
    work.fails = StoreUnavailable("gone")
    await job.run()
    work.fails = None
    await job.run()
    await job.run()
    assert work.done == ["prepare", "resume", "tick", "tick"]


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (StoreUnavailable("gone"), "the database is away, and the release waits for it: gone"),
        (Conflict(), "another program has changed the release"),
        (OSError("disk full"), "the release could not be worked on: OSError('disk full')"),
    ],
)
async def test_trouble_is_one_line_and_its_end_another(
    caplog: pytest.LogCaptureFixture, failure: Exception, said: str
) -> None:
    """However often it is tried; trouble of another kind is a line of its own."""
    caplog.set_level("INFO")
    work = Work()
    job = Job("the release", work.tick, 1)
    again = StoreUnavailable("in other words") if isinstance(failure, StoreUnavailable) else failure
    for work.fails in (None, failure, again, ValueError("else"), None, None):
        await job.run()
    assert caplog.text.count(said) == 1
    assert "in other words" not in caplog.text
    assert caplog.text.count("ValueError('else')") == 1
    assert caplog.text.count("worked on again") == 1


def started(job: Job) -> AsyncIOScheduler:
    """Return the scheduler that runs the job from now on."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    job.add_to(scheduler)
    scheduler.start()
    return scheduler


async def test_a_stop_waits_for_the_step_that_is_under_way() -> None:
    """And begins none."""
    begun, go = asyncio.Event(), asyncio.Event()
    ended: list[bool] = []

    async def tick() -> None:
        begun.set()
        await go.wait()
        ended.append(True)

    job = Job("the release", tick, 1)
    scheduler = started(job)
    await begun.wait()
    stop = asyncio.create_task(job.stop())
    await asyncio.sleep(0)
    assert not stop.done()
    go.set()
    await stop
    await job.run()
    assert ended == [True]
    scheduler.shutdown()


async def test_a_stop_does_not_wait_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A step may be broken off: the next start goes on with it."""
    monkeypatch.setattr(job_module, "STOP_SECONDS", 0.01)
    begun = asyncio.Event()

    async def hang() -> None:
        begun.set()
        await asyncio.Event().wait()

    job = Job("the release", hang, 1)
    scheduler = started(job)
    await begun.wait()
    await job.stop()
    assert "in the middle of the release" in caplog.text
    scheduler.shutdown()


async def test_it_runs_at_once_and_a_long_step_can_tell_that_it_is_to_end() -> None:
    """On the program's scheduler; nothing is cut off in the middle."""
    begun = asyncio.Event()
    pages: list[int] = []

    async def step() -> None:
        begun.set()
        while not job.is_stopping:
            pages.append(len(pages))
            await asyncio.sleep(0)

    job = Job("the comparison", step, 3600)
    scheduler = started(job)
    await asyncio.wait_for(begun.wait(), 10)
    scheduler.pause()
    await asyncio.wait_for(job.stop(), 10)
    read = len(pages)
    await asyncio.sleep(0)
    assert len(pages) == read > 0
    scheduler.shutdown(wait=False)
