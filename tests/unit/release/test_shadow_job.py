"""The job that joins a shadow's pairs outlives what goes wrong, and ends between two pages."""

import asyncio
import logging
from collections.abc import Callable

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]

from mongodb.errors import StoreUnavailable
from release.shadow.job import ShadowJob


class FakePairs:
    """Pairs that are joined for ever, or not at all."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.runs = 0
        self.pages = 0
        self.begun = asyncio.Event()

    async def run(self, is_to_end: Callable[[], bool]) -> None:
        """Go through pages until told to end."""
        self.runs += 1
        self.begun.set()
        if self.fault:
            raise self.fault
        while not is_to_end():
            self.pages += 1
            await asyncio.sleep(0)


async def test_an_outage_is_logged_once_and_its_end(caplog: pytest.LogCaptureFixture) -> None:
    """And each run tries again."""
    pairs = FakePairs(StoreUnavailable("gone"))
    job = ShadowJob(pairs)  # type: ignore[arg-type]
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            await job.run()
        pairs.fault = None
        await job.stop()
        await job.run()
    assert pairs.runs == 4
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_a_fault_of_ours_does_not_end_the_job(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged with its traceback."""
    job = ShadowJob(FakePairs(ValueError("x")))  # type: ignore[arg-type]
    await job.run()
    assert caplog.records[0].exc_info


async def test_it_runs_at_once_and_stops_after_the_page_under_way() -> None:
    """Nothing is cut off in the middle."""
    pairs = FakePairs()
    job = ShadowJob(pairs)  # type: ignore[arg-type]
    scheduler = AsyncIOScheduler(timezone="UTC")
    job.add_to(scheduler)
    scheduler.start()
    await asyncio.wait_for(pairs.begun.wait(), 10)
    scheduler.pause()
    await asyncio.wait_for(job.stop(), 10)
    pages = pairs.pages
    await asyncio.sleep(0)
    assert pairs.pages == pages > 0
    scheduler.shutdown(wait=False)
