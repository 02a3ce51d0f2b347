"""What the controller's ticks leave for Prometheus."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from mongodb.errors import StoreUnavailable
from release.documents import Decision
from release.judge import Seen
from release.lifecycle import Phase, Release
from release.metrics import ReleaseMetrics
from release.observation import Observation
from release.split_file import SplitFile
from release.verdict.gate import Gate, Verdict
from tests.unit.release.test_metrics import START, decided, started

SPLIT = """upstream split {
    server model_server:8000      weight=4;
    server model_server_new:8000  weight=1;
}
"""
PASSED = Gate("error_rate", Verdict.PASS, "", {"evidence": 2.0})
FAILED = Gate("error_rate", Verdict.FAIL, "", {"evidence": 200.0})


class KeptReleases:
    """The part of the store that is shown."""

    def __init__(self) -> None:
        self.newest: tuple[Release, Decision] | None = None
        self.log: list[Decision] = []
        self.looks = 0
        self.is_away = False
        self.asked: list[str] = []
        self.recorded = ""

    def decide(self, decision: Decision) -> None:
        """Let the newest release have this last decision."""
        self.newest = started(), decision
        self.log.insert(0, decision)

    def ask(self, what: str) -> None:
        """Note what is asked."""
        self.asked.append(what)
        if self.is_away:
            raise StoreUnavailable("gone")

    async def decisions(self, limit: int) -> list[Decision]:
        self.ask("decisions")
        return self.log[:limit]

    async def counters(self, _release: str) -> tuple[int, Any, Any] | None:
        self.ask("counters")
        return (self.looks, START, {}) if self.looks else None


class FakeJudge:
    """A judge that has looked, or has not."""

    def __init__(self) -> None:
        self.seen: Seen | None = None


class FakeController:
    """A controller that knows the newest release from its first tick on, and does nothing about it."""

    def __init__(self, store: KeptReleases) -> None:
        self.latest: tuple[Release, Decision] | None = None
        self.fault: Exception | None = None
        self._store = store

    async def tick(self) -> None:
        if not self._store.is_away:
            self.latest = self._store.newest
        if self.fault:
            raise self.fault


class Scene:
    """One life of the program; another one begins with `restart`."""

    def __init__(self, folder: Path) -> None:
        self.store = KeptReleases()
        self.file = folder / "default.conf"
        self.file.write_text(SPLIT)
        self.restart()

    def restart(self) -> None:
        """Forget all that is in no file and no database."""
        self.registry = CollectorRegistry()
        self.judge = FakeJudge()
        self.controller = FakeController(self.store)
        self.observation = Observation(
            controller=self.controller,  # type: ignore[arg-type]
            store=self.store,  # type: ignore[arg-type]
            judge=self.judge,  # type: ignore[arg-type]
            split_file=SplitFile(self.file),
            metrics=ReleaseMetrics(self.registry, "shared"),
            now=lambda: START + timedelta(hours=1),
        )

    def value(self, name: str, **labels: str) -> float | None:
        """Return the value of a series."""
        return self.registry.get_sample_value(name, {"slot": "shared", **labels})

    def decisions(self) -> list[str]:
        """Return the revisions of the decisions that are shown."""
        name = "release_decision_timestamp_seconds"
        samples = (one for family in self.registry.collect() for one in family.samples if one.name == name)
        return [one.labels["revision"] for one in samples]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def based_on(gates: Sequence[Gate], number: int) -> Decision:
    plain = {**asdict(decided(number)), "gates": [asdict(gate) for gate in gates]}
    return Decision(**{**plain, "phase": Phase.RUNNING})


async def test_an_order_between_releases_is_shown(scene: Scene) -> None:
    """Without any release too, and the log is asked for it once."""
    await scene.observation.tick()
    order = Decision.between_releases("swap", "ann", "friday", START, 100)
    scene.store.log.insert(0, order)
    scene.store.recorded = order.id
    for _ in range(3):
        await scene.observation.tick()
    assert scene.decisions() == [str(order.revision)]
    assert scene.store.asked.count("decisions") == 2  # at the start, and then


async def test_without_a_release_the_files_split_is_shown(scene: Scene) -> None:
    """And that there is none."""
    await scene.observation.tick()
    assert scene.value("release_phase", phase="none") == 1
    assert scene.value("release_weight", slot="model_server_new") == 20
    assert scene.value("release_ticks_total", outcome="done") == 1


async def test_a_split_that_a_person_writes_is_shown(scene: Scene) -> None:
    """At the next tick."""
    await scene.observation.tick()
    scene.file.write_text(SPLIT.replace("weight=4", "weight=3"))
    await scene.observation.tick()
    assert scene.value("release_weight", slot="model_server_new") == 25


@pytest.mark.parametrize("text", ["", "upstream other {}"])
async def test_a_file_that_cannot_be_read_hides_nothing_else(scene: Scene, text: str) -> None:
    """The split alone is not shown."""
    scene.store.decide(decided(1))
    scene.file.write_text(text)
    await scene.observation.tick()
    assert scene.value("release_phase", phase="running") == 1
    assert scene.value("release_weight", slot="model_server") is None


async def test_all_is_shown_at_the_first_tick_after_a_restart(scene: Scene) -> None:
    """Decisions and looks as they are stored, the gates as the last decision of this release found them."""
    scene.store.decide(based_on([PASSED], 1))
    scene.store.decide(decided(2, "pause", "mia"))
    scene.store.looks = 17
    scene.restart()
    await scene.observation.tick()
    assert scene.value("release_looks") == 17
    assert scene.decisions() == ["2", "1"]
    assert scene.value("release_gate", gate="error_rate") == 1
    assert scene.value("release_gate_number", gate="error_rate", number="evidence") == 2


async def test_the_last_look_counts_where_there_was_one(scene: Scene) -> None:
    """More than what the last decision was based on."""
    scene.store.decide(based_on([PASSED], 1))
    scene.judge.seen = Seen("r1", 30, START, {}, [FAILED])
    await scene.observation.tick()
    assert scene.value("release_looks") == 30
    assert scene.value("release_gate", gate="error_rate") == -1
    assert "counters" not in scene.store.asked


async def test_what_was_seen_of_another_release_is_not_shown(scene: Scene) -> None:
    """The one before, which this one has nothing to do with."""
    older = Decision(**{**asdict(based_on([FAILED], 1)), "release": "r0", "phase": Phase.ABORTED})
    scene.store.log.append(older)
    scene.store.decide(decided(2, "start"))
    scene.judge.seen = Seen("r0", 30, START, {}, [FAILED])
    await scene.observation.tick()
    assert scene.value("release_looks") == 0
    assert scene.value("release_gate", gate="error_rate") == 0


async def test_the_log_is_asked_for_new_decisions_only(scene: Scene) -> None:
    """A tick in which nothing was decided asks nothing."""
    scene.store.decide(decided(1))
    await scene.observation.tick()
    scene.store.asked.clear()
    await scene.observation.tick()
    assert scene.store.asked == []
    scene.store.decide(decided(2))
    await scene.observation.tick()
    assert scene.decisions() == ["2", "1"]


async def test_a_failed_tick_is_counted_and_raised(scene: Scene) -> None:
    """What the store has is shown all the same."""
    scene.store.decide(decided(1))
    scene.controller.fault = OSError("no space left on device")
    with pytest.raises(OSError, match="no space"):
        await scene.observation.tick()
    assert scene.value("release_ticks_total", outcome="failed") == 1
    assert scene.value("release_ticks_total", outcome="done") == 0
    assert scene.value("release_phase", phase="running") == 1


async def test_that_there_is_no_release_is_not_said_before_the_database_answers(scene: Scene) -> None:
    """The phase is not known yet."""
    scene.store.is_away = True
    scene.controller.fault = StoreUnavailable("gone")
    with pytest.raises(StoreUnavailable):
        await scene.observation.tick()
    assert scene.value("release_phase", phase="none") == 0


async def test_without_a_database_what_was_shown_stays(scene: Scene) -> None:
    """The tick's own complaint is what is raised, also where the log would have to be asked."""
    scene.store.decide(decided(1))
    await scene.observation.tick()
    scene.store.decide(decided(2))
    scene.controller.latest = scene.store.newest
    scene.store.is_away = True
    scene.controller.fault = StoreUnavailable("the tick's")
    with pytest.raises(StoreUnavailable, match="the tick's"):
        await scene.observation.tick()
    assert scene.value("release_phase", phase="running") == 1
    assert scene.decisions() == ["1"]
    assert scene.value("release_ticks_total", outcome="failed") == 1
