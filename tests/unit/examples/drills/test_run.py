"""A drill's order: nobody meets its candidate before the release, and all is put back whatever happens."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from examples.drills import run, traffic
from examples.drills.before import Places
from examples.drills.drills import Drill, Expected, Load, Then
from examples.drills.releases import Releases
from examples.drills.run import Progress, Surroundings
from examples.traffic import StackError
from inference.identity import identify
from service.slots import CANDIDATE
from tests.colour_model import write_colour_package
from tests.unit.examples.drills.fake_users import IMAGES, FakeNginx
from tests.unit.examples.drills.test_before import SHIPPED, everything
from tests.whole_package import write_whole_package

DRILL = Drill("test", "is made up", Expected("abort", "latency"), load=Load(requests_per_second=200))


class FakeStack:
    """A stack whose release goes through `phases`, one at each look; notes what it was told, and when.

    `at` is called with each command, before it is done; what it raises fails the command.
    """

    def __init__(self, places: Places) -> None:
        self.places = places
        self.phases = ["running", "running", "aborted"]
        self.at: Callable[[str], None] = lambda _: None
        self.did: list[str] = []
        self.dead: set[str] = set()
        self.phase = ""
        self.served = identify(places.candidate).manifest.version

    def _do(self, what: str) -> None:
        self.did.append(what)
        self.at(what)

    async def kill(self, service: str) -> None:
        self._do(f"kill {service}")
        self.dead.add(service)

    async def start(self, service: str) -> None:
        self._do(f"start {service}")
        self.dead.discard(service)

    async def reload(self, slot: str) -> None:
        self._do(f"reload {slot}")
        self.served = identify(self.places.candidate).manifest.version

    async def wait_for_split(self) -> None:
        self._do("wait for split")
        assert "weight=100" in self.places.split.read_text()

    async def release(self, *words: str) -> str:
        """Stand in for the release program's commands."""
        if words == ("status", "--json"):
            self.phase = self.phases.pop(0) if self.phase and self.phases else self.phase
            self.at("look")
            return status(self.phase)
        self._do(" ".join(words[:2]))
        self.phase = {"start": "running", "abort": "aborted"}.get(words[1], "rolled_back")
        return ""

    async def watch(self, *words: str) -> AsyncGenerator[str]:
        """Stand in for the command that looks each second."""
        assert words == ("status", "--watch", "--json")
        while True:
            yield await self.release("status", "--json")
            if self.phase not in {"running", "promoting"}:
                return
            await asyncio.sleep(0.01)


def status(phase: str) -> str:
    """Return the release program's answer."""
    if not phase:
        return json.dumps({"release": None, "decision": None, "seen": None})
    gates = [{"name": "latency", "verdict": "fail", "why": "slow", "numbers": {}}]
    at = "2026-11-29T12:00:30+00:00"
    package = {"model": "other", "version": "7", "sha256": "0" * 64}
    release: dict[str, Any] = {
        "_id": "r1",
        "plan_name": "drill",
        "plan": {"steps": [20, 50], "step_seconds": 20, "settling_seconds": 17, "min_requests": 100},
        "stable": package,
        "candidate": package,
        "phase": phase,
        "step": 0,
        "percent": 20,
        "reason": "",
        "held_by": "",
        "started_at": "2026-11-29T12:00:00+00:00",
        "step_started_at": "2026-11-29T12:00:00+00:00",
        "ended_at": None,
    }
    decision = {
        "release": "r1",
        "decision": phase,
        "who": "somebody",
        "why": "slow",
        "at": at,
        "phase": phase,
        "percent": 20,
        "gates": gates,
    }
    seen = {"at": at, "requests": {}, "gates": gates}
    return json.dumps({"release": release, "decision": decision, "seen": seen})


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "default.conf").write_text(SHIPPED)
    write_colour_package(tmp_path / "stable")
    write_whole_package(tmp_path / "candidate", "7", name="other")
    return Places(tmp_path / "default.conf", tmp_path / "stable", tmp_path / "candidate", tmp_path / "kept")


@pytest.fixture
def stack(places: Places) -> FakeStack:
    return FakeStack(places)


@pytest.fixture
def shown() -> list[str]:
    return []


@pytest.fixture
def around(
    stack: FakeStack, places: Places, shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> Surroundings:
    nginx = FakeNginx()
    users = traffic.Traffic
    monkeypatch.setattr(run, "Traffic", lambda url, load, images: users(url, load, images, nginx))
    monkeypatch.setattr(run, "AGAIN_SECONDS", 0.01)

    def show(progress: Progress) -> None:
        shown.append(progress.doing)

    return Surroundings(stack, Releases(stack.release, stack.watch), places, "http://stack", IMAGES, show)


async def test_nobody_meets_the_candidate_before_its_release(
    stack: FakeStack, around: Surroundings, places: Places
) -> None:
    """First the stable slot gets all requests, then the package comes, then the release."""
    served = []
    stack.at = lambda what: served.append(stack.served) if what == "canary start" else None
    before_all = everything(places)
    found = await run.run(DRILL, around)
    assert stack.did == [
        "wait for split",
        f"reload {CANDIDATE}",
        "canary start",
        "start prometheus",
        f"start {CANDIDATE}",
        f"reload {CANDIDATE}",
    ]
    assert served == ["drill-test"]
    assert stack.served == "7"
    assert everything(places) == before_all
    assert found.faults == []


async def test_users_come_all_the_time(around: Surroundings) -> None:
    """Also while everything is put back: a drill tells how many of them failed."""
    found = await run.run(DRILL, around)
    assert found.requests.sent > 0
    assert found.requests.failed == 0


async def test_what_is_to_happen_happens_in_the_release(stack: FakeStack, around: Surroundings) -> None:
    """And what has died runs again afterwards."""
    stack.phases = ["running"] * 5 + ["aborted"]
    await run.run(replace(DRILL, then=Then(0.02, kill="prometheus")), around)
    assert stack.did.index("kill prometheus") > stack.did.index("canary start")
    assert stack.did.count("kill prometheus") == 1
    assert stack.dead == set()


async def test_images_become_dirty_in_the_release(
    stack: FakeStack, around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before: its first windows are clean."""
    dirty = []

    def show(progress: Progress) -> None:
        dirty.append(progress.traffic.choice.dirty if progress.traffic else "nobody")

    stack.phases = ["running"] * 5 + ["aborted"]
    await run.run(replace(DRILL, then=Then(0.02, dirty="all")), replace(around, show=show))
    assert dirty[0] == "nobody"
    assert dirty[-1] == "all"


@pytest.mark.parametrize("at", ["wait for split", f"reload {CANDIDATE}", "canary start", "look"])
async def test_ctrl_c_at_any_time_puts_everything_back(
    stack: FakeStack, around: Surroundings, places: Places, at: str
) -> None:
    """Also when it is pressed twice."""
    before_all = everything(places)
    task = asyncio.ensure_future(run.run(DRILL, around))

    def interrupt(what: str) -> None:
        if what in {at, "start prometheus"}:
            task.cancel()

    stack.at = interrupt
    with pytest.raises(asyncio.CancelledError):
        await task
    assert everything(places) == before_all
    assert stack.served == "7"
    assert stack.phase in {"", "aborted", "rolled_back"}


@pytest.mark.parametrize("at", ["wait for split", f"reload {CANDIDATE}", "canary start"])
async def test_a_drill_that_cannot_go_on_puts_everything_back(
    stack: FakeStack, around: Surroundings, places: Places, at: str
) -> None:
    """And says why."""
    before_all = everything(places)
    failed: list[str] = []

    def fail(what: str) -> None:
        if what == at and not failed:
            failed.append(what)
            raise StackError("not now")

    stack.at = fail
    with pytest.raises(StackError, match="not now"):
        await run.run(DRILL, around)
    assert everything(places) == before_all


async def test_the_next_drill_puts_back_what_a_killed_one_left(
    stack: FakeStack, around: Surroundings, places: Places
) -> None:
    """Before it does anything else: a release that is open is ended, what has died is started."""
    before_all = everything(places)

    def die(what: str) -> None:
        if what == "start prometheus":
            raise StackError("as if killed")

    stack.at = die
    stack.phases = ["running"]
    with pytest.raises(StackError):
        await run.run(replace(DRILL, then=Then(0.0, kill="prometheus"), most_seconds=0.1), around)
    assert everything(places) != before_all
    stack.at, stack.did, stack.phases = lambda _: None, [], []
    await run.run(replace(DRILL, most_seconds=0.1), around)
    assert stack.did[:4] == ["start prometheus", f"start {CANDIDATE}", "canary abort", f"reload {CANDIDATE}"]
    assert stack.dead == set()
    assert everything(places) == before_all


async def test_a_release_that_is_never_decided_is_a_fault(stack: FakeStack, around: Surroundings) -> None:
    """And it is ended."""
    stack.phases = []
    found = await run.run(replace(DRILL, most_seconds=0.1), around)
    assert found.faults == ["nothing was decided within 0 s"]
    assert "canary abort" in stack.did


async def test_a_moment_without_an_answer_ends_no_drill(stack: FakeStack, around: Surroundings) -> None:
    """The machine may be busy, and the release goes on."""
    stack.phases = ["running"] * 3 + ["aborted"]
    looks = []

    def fail(what: str) -> None:
        looks.append(what)
        if what == "look" and looks.count("look") == 3:
            raise StackError("MongoDB does not answer")

    stack.at = fail
    found = await run.run(DRILL, around)
    assert found.faults == []


async def test_what_was_promoted_is_taken_back(stack: FakeStack, around: Surroundings) -> None:
    """The stable slot serves its own package again."""
    stack.phases = ["running", "promoted"]
    found = await run.run(replace(DRILL, expected=Expected("promote")), around)
    assert found.faults == []
    assert "rollback --why" in stack.did
