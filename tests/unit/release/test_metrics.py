"""What Prometheus is told of releases."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from proxy.routing import Routing
from release import lifecycle
from release.documents import Decision
from release.lifecycle import CHANGING, CONTROLLER, Package, Phase, Release
from release.metrics import DONE, FAILED, MOST_DECISIONS, PHASES, ReleaseMetrics, View
from release.plan import GatePlan, Gates, Plan
from release.verdict.gate import Gate, Verdict

START = datetime(2026, 1, 1, tzinfo=UTC)
PLAN = Plan(
    steps=(20, 50),
    step_seconds=60,
    min_requests=10,
    gates=Gates(error_rate=GatePlan(), drift=GatePlan(), accuracy=None),
)


def started() -> Release:
    return lifecycle.start(
        name="r1",
        plan_name="default",
        plan=PLAN,
        stable=Package("cnn", "1", "a" * 64),
        candidate=Package("cnn", "2", "b" * 64),
        in_file=Routing({}),
        now=START,
    )


def decided(number: int, word: str = "advance", who: str = CONTROLLER, why: str = "all passed") -> Decision:
    at = START + timedelta(seconds=number)
    return Decision("r1", number, word, who, why, at, Phase.RUNNING, percent=20)


class Shown:
    """The metrics, read as Prometheus does."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = ReleaseMetrics(self.registry, "shared")

    def values(self, name: str, by: str = "slot") -> dict[str, float]:
        """Return the values of a metric by one of its labels."""
        samples = (sample for family in self.registry.collect() for sample in family.samples)
        return {one.labels[by]: one.value for one in samples if one.name == name}

    def labels(self, name: str) -> list[dict[str, str]]:
        """Return the labels of all series of a metric."""
        samples = (sample for family in self.registry.collect() for sample in family.samples)
        return [dict(one.labels) for one in samples if one.name == name]

    def phase(self) -> list[str]:
        """Return the phases that are 1."""
        return [phase for phase, value in self.values("release_phase", "phase").items() if value]


@pytest.fixture
def shown() -> Shown:
    return Shown()


def test_nothing_is_claimed_before_the_first_tick(shown: Shown) -> None:
    """Neither a phase nor that there is no release: the database was not asked yet."""
    assert shown.phase() == []
    assert len(shown.values("release_phase", "phase")) == len(PHASES)
    assert shown.values("release_step") == {}


def test_that_there_is_no_release_is_a_phase_of_its_own(shown: Shown) -> None:
    """So that a panel can say it, where an absent series could mean anything."""
    shown.metrics.show(View(weights={"model_server": 4, "model_server_new": 1}))
    assert shown.phase() == ["none"]
    assert shown.values("release_step") == {"shared": 0}
    assert shown.values("release_steps") == {"shared": 0}
    assert set(shown.values("release_held", "by").values()) == {0}
    assert shown.values("release_split_edited_by_hand") == {"shared": 0}
    assert shown.labels("release_gate") == shown.labels("release_info") == []


@pytest.mark.parametrize("phase", list(Phase))
def test_a_release_is_in_one_phase(shown: Shown, phase: Phase) -> None:
    """And in no other."""
    shown.metrics.show(View(replace(started(), phase=phase)))
    assert shown.phase() == [phase]


def test_a_weight_is_the_percent_that_the_file_gives_a_slot(shown: Shown) -> None:
    """Whatever numbers a person writes; with a slot that is down, too."""
    shown.metrics.show(View(weights={"model_server": 4, "model_server_new": 1}))
    assert shown.values("release_weight") == {"model_server": 80, "model_server_new": 20}
    shown.metrics.show(View(weights={"model_server": 7, "model_server_new": 0}))
    assert shown.values("release_weight") == {"model_server": 100, "model_server_new": 0}
    shown.metrics.show(View(weights={}))
    assert shown.values("release_weight") == {}


def test_a_release_is_named_with_its_step_and_its_looks(shown: Shown) -> None:
    """Steps as people count them."""
    release = replace(started(), step=1)
    shown.metrics.show(View(release, looks=7))
    assert shown.labels("release_info") == [
        {"slot": "shared", "release": "r1", "plan": "default", "stable": "cnn 1", "candidate": "cnn 2"}
    ]
    assert shown.values("release_step") == {"shared": 2}
    assert shown.values("release_steps") == {"shared": 2}
    assert shown.values("release_looks") == {"shared": 7}


def test_what_holds_a_release_is_named(shown: Shown) -> None:
    """Of the reasons that there are, and of any other, once."""
    for by in ("too_little", "something_new"):
        shown.metrics.show(View(replace(started(), held_by=by)))
        held = shown.values("release_held", "by")
        assert [name for name, value in held.items() if value] == [by]
        assert len(shown.labels("release_held")) == len(held) >= 6


@pytest.mark.parametrize("phase", list(Phase))
def test_only_what_runs_or_changes_is_held(shown: Shown, phase: Phase) -> None:
    """An abort that nginx does not take is; a paused release waits for a person, whatever held it before."""
    shown.metrics.show(View(replace(started(), held_by="nginx", phase=phase)))
    is_held = phase in CHANGING | {Phase.RUNNING}
    assert shown.values("release_held", "by")["nginx"] == is_held


def test_a_gates_verdict_is_a_number_and_so_are_its_numbers(shown: Shown) -> None:
    """A gate of the plan that was not judged yet says insufficient; one that the plan lacks says nothing."""
    found = [
        Gate("error_rate", Verdict.FAIL, "", {"candidate_bad": 9, "evidence": 120.5}),
        Gate("labels", Verdict.PASS, "", {"difference[lemon]": 0.1, "at_least": 0.0}),
    ]
    shown.metrics.show(View(started(), gates=found))
    assert shown.values("release_gate", "gate") == {"error_rate": -1, "drift": 0, "labels": 1}
    assert shown.values("release_gate_number", "number") == {
        "candidate_bad": 9,
        "evidence": 120.5,
        "at_least": 0,
    }


def test_a_gate_has_no_series_for_each_class_of_a_model(shown: Shown) -> None:
    """There may be a thousand; the decision has them."""
    numbers = {f"difference[{number}]": 0.0 for number in range(1000)} | {"margin": 0.1}
    shown.metrics.show(View(started(), gates=[Gate("labels", Verdict.PASS, "", numbers)]))
    assert shown.values("release_gate_number", "number") == {"margin": 0.1}


def test_a_decision_is_a_time_with_who_and_why(shown: Shown) -> None:
    """The same word twice within a release is two series."""
    decisions = [decided(2, "hold", why="too little"), decided(1, "hold"), decided(0, "start", "mia", "go")]
    shown.metrics.show(View(started(), decisions=decisions))
    times = shown.values("release_decision_timestamp_seconds", "revision")
    assert times == {str(number): START.timestamp() + number for number in range(3)}
    assert shown.labels("release_decision_timestamp_seconds")[-1] == {
        "slot": "shared",
        "release": "r1",
        "revision": "0",
        "decision": "start",
        "who": "mia",
        "why": "go",
    }


def test_only_the_newest_decisions_are_series(shown: Shown) -> None:
    """Their number is bounded, and so is the sentence of each."""
    decisions = [decided(number, why="x" * 1000) for number in range(50, 0, -1)]
    shown.metrics.show(View(started(), decisions=decisions))
    labels = shown.labels("release_decision_timestamp_seconds")
    assert [one["revision"] for one in labels] == [str(50 - number) for number in range(MOST_DECISIONS)]
    assert {one["why"] for one in labels} == {"x" * 199 + "…"}


@pytest.mark.parametrize(
    ("phase", "who", "edited"),
    [
        (Phase.PAUSED, CONTROLLER, 1),
        (Phase.PAUSED, "mia", 0),
        (Phase.RUNNING, CONTROLLER, 0),
    ],
)
def test_the_controller_pauses_only_for_an_edited_file(
    shown: Shown, phase: Phase, who: str, edited: int
) -> None:
    """A person's pause is no edit, and one that has ended is none any more."""
    shown.metrics.show(View(replace(started(), phase=phase), decided(1, "pause", who)))
    assert shown.values("release_split_edited_by_hand") == {"shared": edited}


def test_a_view_replaces_the_one_before(shown: Shown) -> None:
    """No series of it stays."""
    gates = [Gate("confidence", Verdict.PASS, "", {"difference": 0.1})]
    shown.metrics.show(View(started(), gates=gates, decisions=[decided(1)]))
    shown.metrics.show(View(weights={"model_server": 1}))
    for name in ("release_gate", "release_gate_number", "release_info", "release_decision_timestamp_seconds"):
        assert shown.labels(name) == []


def test_ticks_are_counted_and_the_last_good_one_has_a_time(shown: Shown) -> None:
    """A failed one leaves it; before the first one it is the time at which the program started."""
    begun = shown.values("release_last_tick_timestamp_seconds")["shared"]
    assert abs(begun - datetime.now(UTC).timestamp()) < 60
    assert shown.values("release_ticks_total", "outcome") == {"done": 0, "failed": 0}
    shown.metrics.count_tick(DONE, START)
    shown.metrics.count_tick(FAILED, START + timedelta(seconds=5))
    assert shown.values("release_ticks_total", "outcome") == {"done": 1, "failed": 1}
    assert shown.values("release_last_tick_timestamp_seconds") == {"shared": START.timestamp()}


def test_promtool_finds_nothing_to_say_about_the_metrics(shown: Shown) -> None:
    """Names, units and types are as Prometheus' own lint wants them."""
    gates = [Gate("error_rate", Verdict.PASS, "", {"evidence": 1.0})]
    shown.metrics.show(View(started(), decided(1), {"model_server": 1}, gates, 3, [decided(1)]))
    text = generate_latest(shown.registry)
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr
