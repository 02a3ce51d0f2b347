"""A look at a release, with a Prometheus that answers what a test says."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

# ruff: noqa: ARG002 - the arguments are those of what is stood in for
from nginx.routing import Routing
from release import lifecycle
from release.counters import Counters
from release.documents import counters_document, look_document, read_counters, read_look
from release.evidence import Look
from release.judge import Judge, Seen, pause_after
from release.lifecycle import Package, Release
from release.plan import GatePlan, Gates, MarginPlan, Plan
from release.prometheus import Prometheus
from release.steps import Label, Window, by_step
from service.slots import CANDIDATE, STABLE

START = datetime(2026, 1, 1, tzinfo=UTC)
PLAN = Plan(
    steps=(20, 50), step_seconds=60, min_requests=100, gates=Gates(error_rate=GatePlan(required=True))
)


class Traffic:
    """Prometheus' counters, and what clients sent."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], float] = {}
        self.answer: httpx.Response | Exception | None = None

    def send(self, slot: str, requests: int, errors: int = 0) -> None:
        for status, count in (("200", requests - errors), ("500", errors)):
            self.counts[slot, status] = self.counts.get((slot, status), 0) + count

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert "nginx_responses_total" in request.url.params["query"]
        if isinstance(self.answer, Exception):
            raise self.answer
        result = [
            {
                "metric": {
                    "__name__": "nginx_responses_total",
                    "slot": slot,
                    "status": status,
                    "kind": "predict",
                },
                "value": [0, str(count)],
            }
            for (slot, status), count in self.counts.items()
        ]
        body = {"status": "success", "data": {"resultType": "vector", "result": result}}
        return self.answer or httpx.Response(200, json=body)


class KeptLooks:
    """The part of the store that a judge asks, through the documents that the real one writes."""

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {}
        self.noted: tuple[int, datetime, Any] | None = None

    async def counters(self, release: str) -> tuple[int, datetime, Counters] | None:
        if self.noted is None:
            return None
        number, at, documents = self.noted
        return number, at, read_counters(json.loads(json.dumps(documents)))

    async def put_counters(self, release: str, number: int, at: datetime, counters: Counters) -> None:
        self.noted = number, at, counters_document(counters)

    async def add_look(self, release: str, look: Look) -> None:
        document = look_document(release, look)
        self.documents[document["_id"]] = document

    async def looks(self, release: str, last: int) -> Sequence[Look]:
        return [read_look(one) for one in self.documents.values() if one["number"] <= last]


class NoFeedback:
    def __init__(self) -> None:
        self.came: list[Label] = []
        self.windows_found: list[Window] = []

    async def labels(self, release: Release, after: datetime, until: datetime) -> Sequence[Label]:
        return self.came

    async def windows(self, release: Release) -> Sequence[Window]:
        return self.windows_found


class Scene:
    def __init__(self, plan: Plan = PLAN) -> None:
        self.traffic = Traffic()
        self.store = KeptLooks()
        self.feedback = NoFeedback()
        self.time = START
        self.seen: Seen | None = None
        packages = Package("cnn", "1", "a"), Package("cnn", "2", "b")
        self.release = lifecycle.start(
            name="r",
            plan_name="p",
            plan=plan,
            stable=packages[0],
            candidate=packages[1],
            in_file=Routing({}),
            now=START,
        )
        for slot in (STABLE, CANDIDATE):
            self.traffic.send(slot, 1000, errors=500)  # from before the release: nobody's fault in it

    async def look(self, stable: int = 0, candidate: int = 0, errors: int = 0, seconds: float = 5) -> Any:
        """Let the slots answer so many, and look."""
        self.traffic.send(STABLE, stable)
        self.traffic.send(CANDIDATE, candidate, errors)
        self.time += timedelta(seconds=seconds)
        prometheus = Prometheus("http://prometheus", httpx.MockTransport(self.traffic))
        judge = Judge(prometheus, self.store, self.feedback, lambda: self.time)  # type: ignore[arg-type]
        try:
            return await judge.look(self.release)
        finally:
            self.seen = judge.seen
            await prometheus.close()


async def test_what_was_before_the_release_does_not_count() -> None:
    """Nor is anything judged at the first look, which only notes where the counters are."""
    scene = Scene()
    assert (await scene.look()).action == "wait"
    found = await scene.look(400, 100)
    assert found.action == "wait"
    assert found.gates[0]["numbers"]["candidate_requests"] == 100
    assert found.gates[0]["numbers"]["candidate_bad"] == 0


async def test_the_newest_numbers_are_kept_with_the_release_that_they_are_of() -> None:
    """None before the first look that was answered."""
    scene = Scene()
    scene.traffic.answer = httpx.ConnectError("away")
    await scene.look()
    assert scene.seen is None
    scene.traffic.answer = None
    await scene.look()
    await scene.look(400, 100)
    assert scene.seen
    assert (scene.seen.release, scene.seen.looks) == ("r", 1)
    assert scene.seen.gates[0].numbers["candidate_requests"] == 100


async def test_a_candidate_that_fails_is_rolled_back_before_the_step_is_over() -> None:
    """With its numbers, and the queries that they come from."""
    scene = Scene()
    await scene.look()
    found = await scene.look(80, 20, errors=20)
    assert found.action == "roll_back"
    assert "20 of the candidate's 20 requests failed" in found.why
    assert "nginx_responses_total" in found.queries[0]


async def test_a_good_candidate_goes_on_when_the_step_is_over() -> None:
    """Not before."""
    scene = Scene()
    await scene.look()
    assert (await scene.look(800, 200)).action == "wait"
    assert (await scene.look(800, 200, seconds=80)).action == "advance"


async def test_too_little_traffic_holds_when_the_step_is_over() -> None:
    """It is neither promoted nor rolled back, however long it lasts."""
    scene = Scene()
    await scene.look()
    assert (await scene.look(8, 2)).action == "wait"
    found = await scene.look(8, 2, seconds=10_000)
    assert (found.action, found.held_by) == ("hold", "too_little")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.Response(503),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"status": "success", "data": {"result": []}}),
    ],
    ids=["away", "error", "no JSON", "empty"],
)
async def test_without_numbers_it_holds(answer: httpx.Response | Exception) -> None:
    """And says why; the numbers that came before and come after are judged together."""
    scene = Scene()
    await scene.look()
    await scene.look(40, 10, errors=10)
    scene.traffic.answer = answer
    found = await scene.look(40, 10, errors=10)
    assert (found.action, found.held_by) == ("hold", "prometheus")
    assert "Prometheus" in found.why
    scene.traffic.answer = None
    assert "20 of the candidate's 20 requests failed" in (await scene.look()).why


async def test_a_split_that_is_new_does_not_count_for_the_ratio() -> None:
    """Until nginx, open connections and the counters have all come to it."""
    scene = Scene(PLAN.model_copy(update={"gates": Gates(sample_ratio=GatePlan())}))
    await scene.look()
    await scene.look(5000, 0)
    found = await scene.look(0, 0, seconds=20)
    assert found.gates[0]["empty"]
    found = await scene.look(8000, 2000, seconds=80)
    assert found.action == "advance"
    found = await scene.look(8000, 0)
    assert (found.action, found.held_by) == ("hold", "mismatch")


async def test_labels_count_for_the_step_that_served_their_predictions() -> None:
    """However late they come."""
    scene = Scene(PLAN.model_copy(update={"gates": Gates(accuracy=MarginPlan())}))
    await scene.look()
    await scene.look(8, 2)
    looks = await scene.store.looks("r", 9)
    late = Label(CANDIDATE, looks[0].at + timedelta(seconds=1), is_correct=False)
    (counted,) = by_step([late, late], looks, step=1)
    assert (counted.step, counted.candidate, counted.candidate_wrong) == (0, 2, 2)
    scene.feedback.came = [late]
    found = await scene.look(8, 2)
    assert found.gates[0]["numbers"]["candidate_labels"] == 1


async def test_nothing_is_looked_at_more_often_than_the_plan_says() -> None:
    """A tick in between leaves all as it is."""
    scene = Scene()
    prometheus = Prometheus("http://prometheus", httpx.MockTransport(scene.traffic))
    judge = Judge(prometheus, scene.store, scene.feedback, lambda: scene.time)  # type: ignore[arg-type]
    said = []
    for _ in range(11):
        said.append((await judge.look(scene.release)).action)
        scene.time += timedelta(seconds=1)
    await prometheus.close()
    assert said == ["wait", *["stay"] * 4, "wait", *["stay"] * 4, "wait"]
    assert judge.seen is not None
    assert judge.seen.at == START + timedelta(seconds=10)


def test_a_release_that_lasts_is_looked_at_less_often() -> None:
    """Each look judges all of those before, so their number must not grow with the time alone."""
    release = Scene().release
    pauses = [pause_after(looks, release).total_seconds() for looks in (0, 999, 1000, 3500, 10**6)]
    assert pauses == [5, 5, 10, 40, 1280]


async def test_the_looks_that_were_made_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those from before a restart."""
    monkeypatch.setattr("release.judge.MANY_LOOKS", 2)
    scene = Scene()
    for _ in range(3):
        await scene.look(8, 2)  # by a judge that is new each time
    prometheus = Prometheus("http://prometheus", httpx.MockTransport(scene.traffic))
    judge = Judge(prometheus, scene.store, scene.feedback, lambda: scene.time)  # type: ignore[arg-type]
    said = []
    for _ in range(3):
        said.append((await judge.look(scene.release)).action)
        scene.time += timedelta(seconds=5)
    await prometheus.close()
    assert said == ["wait", "stay", "wait"]


async def test_an_empty_prometheus_is_asked_no_more_often() -> None:
    """Each time somebody's order would wait for it."""
    scene = Scene()
    scene.traffic.answer = httpx.ConnectError("refused")
    prometheus = Prometheus("http://prometheus", httpx.MockTransport(scene.traffic))
    judge = Judge(prometheus, scene.store, scene.feedback, lambda: scene.time)  # type: ignore[arg-type]
    assert [(await judge.look(scene.release)).action for _ in range(3)] == ["hold", "stay", "stay"]
    await prometheus.close()


async def test_a_plan_may_settle_sooner() -> None:
    """Where nginx keeps no connections, say."""
    scene = Scene(PLAN.model_copy(update={"settling_seconds": 3}))
    await scene.look()
    assert (await scene.look(800, 200, seconds=57)).action == "wait"
    assert (await scene.look(800, 200, seconds=1)).action == "advance"


async def test_windows_of_both_slots_are_judged() -> None:
    """Those that the detectors wrote."""
    scene = Scene(PLAN.model_copy(update={"gates": Gates(drift=GatePlan())}))
    scene.feedback.windows_found = [
        *[Window(STABLE, START, has_drifted=False)] * 24,
        *[Window(CANDIDATE, START, has_drifted=True)] * 6,
    ]
    await scene.look()
    found = await scene.look(8, 2)
    assert found.action == "roll_back"
    assert "6 of the candidate's 6 windows drifted" in found.why
