"""The command `python -m examples.drills`."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from examples.drills.__main__ import INTERRUPTED, at_rate, chosen, places, until_interrupted
from examples.drills.drills import DRILLS, GOOD, QUIET


def test_a_name_may_stand_for_several_drills() -> None:
    """`all` for each of them."""
    assert [one.name for one in chosen("drift")] == ["drift-one", "drift-both"]
    assert len(chosen("all")) == len(DRILLS) + 1


def test_a_small_machine_gets_fewer_requests() -> None:
    """And a drill more time there; one that is to have few keeps its own."""
    slower = at_rate(GOOD, GOOD.load.requests_per_second / 2)
    assert slower.load.requests_per_second == GOOD.load.requests_per_second / 2
    assert slower.most_seconds == GOOD.most_seconds * 2
    assert at_rate(QUIET, 20) == QUIET


def test_the_folders_are_those_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Compose and the plain processes read them."""
    (tmp_path / ".env").write_text("MODEL_SERVER_NEW_PACKAGE=./mine\n")
    monkeypatch.delenv("MODEL_SERVER_NEW_PACKAGE", raising=False)
    monkeypatch.setenv("MODEL_SERVER_PACKAGE", "/elsewhere")
    found = places(tmp_path)
    assert (found.stable, found.candidate) == (Path("/elsewhere"), tmp_path / "mine")
    assert found.split == tmp_path / "nginx/default.conf"


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_lets_the_work_end_itself(which: signal.Signals) -> None:
    """It puts back what it changed, however often somebody presses Ctrl-C."""
    done = []

    async def work() -> int:
        try:
            await asyncio.sleep(60)
        finally:
            done.append("put back")
        return 0

    loop = asyncio.get_running_loop()
    loop.call_later(0.05, os.kill, os.getpid(), which)
    assert await until_interrupted(work()) == INTERRUPTED
    assert done == ["put back"]
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.remove_signal_handler(one)
