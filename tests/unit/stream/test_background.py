"""stream/background.py: what goes on failing is said once."""

import asyncio
import logging

import pytest

from stream.background import Work
from tests.waiting import until


def test_the_same_failure_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """It is tried each second, and a disk has an end."""
    calls: list[int] = []

    def step(_: Work) -> None:
        calls.append(1)
        raise RuntimeError("broken")

    async def run() -> None:
        async with Work(step, (OSError,), 0.001).running():
            await asyncio.to_thread(until, "it was tried often", lambda: len(calls) > 5, 10)

    with caplog.at_level(logging.ERROR):
        asyncio.run(run())
    assert [one.message for one in caplog.records] == ["failed"]
