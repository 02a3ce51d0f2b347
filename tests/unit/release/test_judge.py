"""A look at a release, with a Prometheus that answers what a test says."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

# ruff: noqa: ARG002 - the arguments are those of what is stood in for
from mongodb.errors import StoreUnavailable
from proxy.routing import Routing
from release import lifecycle
from release.counters import Counters, Series
from release.documents import counters_document, look_document, read_counters, read_look
from release.evidence import Look
from release.judge import Judge, Seen, pause_after
from release.lifecycle import Package, Release
from release.plan import GatePlan, Gates, MarginPlan, MeanLatencyPlan, Plan, SlowRequestsPlan
from release.prometheus import Prometheus
from release.steps import Label, Window, by_step
from service.slots import CANDIDATE, STABLE

START = datetime(2026, 1, 1, tzinfo=UTC)
PLAN = Plan(
    steps=(20, 50), step_seconds=60, min_requests=100, gates=Gates(error_rate=GatePlan(required=True))
)


NGINX, SERVERS = "nginx_log_exporter", "model_server"
Target = tuple[str, str]  # job and slot


class Traffic:
    """Prometheus' targets and counters, and what clients sent."""

    def __init__(self) -> None:
        self.targets = {(NGINX, "shared"): 1, (SERVERS, STABLE): 1, (SERVERS, CANDIDATE): 1}
        self.counts: dict[Series, float] = {}
        self.answer: httpx.Response | Exception | None = None

    def send(self, slot: str, requests: int, errors: int = 0) -> None:
        for status, count in (("200", requests - errors), ("500", errors)):
            self.count("nginx_responses_total", NGINX, count, slot=slot, status=status, kind="predict")

    def count(self, metric: str, job: str, count: float, **labels: str) -> None:
        """Let a target count so many more."""
        one = Series(metric, frozenset({**labels, "job": job, "instance": "h"}.items()))
        self.counts[one] = self.counts.get(one, 0) + count

    def restart(self, job: str, slot: str = "shared") -> None:
        """Let a target forget what it has counted."""
        for one in self.counts:
            if one.label("job") == job and slot in ("shared", one.label("slot")):
                self.counts[one] = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert "nginx_responses_total" in request.url.params["query"]
        if isinstance(self.answer, Exception):
            raise self.answer
        up = [
            ({"__name__": "up", "job": job, "slot": slot, "instance": "h"}, state)
            for (job, slot), state in self.targets.items()
        ]
        scraped = [
            ({"__name__": one.metric, **dict(one.labels)}, count)
            for one, count in self.counts.items()
            if any(
                state and job == one.label("job") and slot in ("shared", one.label("slot"))
                for (job, slot), state in self.targets.items()
            )
        ]
        result = [{"metric": metric, "value": [0, str(value)]} for metric, value in [*up, *scraped]]
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


async def a_release_that_has_enough(plan: Plan) -> Scene:
    """Return the scene 30 s after a release's last step began: with all requests that its plan wants."""
    scene = Scene(plan)
    await scene.look()
    assert (await scene.look(800, 200, seconds=25)).action == "wait"
    return scene


LAST_STEP = PLAN.model_copy(update={"steps": (20,)})
LABELS = LAST_STEP.model_copy(
    update={"gates": Gates(error_rate=GatePlan(required=True), labels=MarginPlan())}
)


async def test_a_step_whose_counters_are_lost_ends_in_no_promotion() -> None:
    """Whatever was seen before: nobody sees what the candidate does since. The one that is lost is named."""
    scene = await a_release_that_has_enough(LAST_STEP)
    scene.traffic.targets[NGINX, "shared"] = 0
    found = await scene.look(800, 200, errors=200, seconds=60)
    assert (found.action, found.held_by) == ("hold", "signal_lost")
    assert "nginx_log_exporter" in found.why
    del scene.traffic.targets[NGINX, "shared"]  # nor is a target that Prometheus does not even find
    assert (await scene.look()).held_by == "signal_lost"


async def test_the_time_in_which_a_signal_was_lost_is_no_part_of_the_step() -> None:
    """Else it would end at the first look that sees again, by what is old."""
    scene = await a_release_that_has_enough(LAST_STEP)
    scene.traffic.targets[NGINX, "shared"] = 0
    await scene.look(seconds=600)
    scene.traffic.targets[NGINX, "shared"] = 1
    assert (await scene.look(8, 2)).action == "wait"
    assert (await scene.look(8, 2, seconds=41)).action == "wait"
    assert (await scene.look(8, 2, seconds=1)).action == "advance"


@pytest.mark.parametrize("slot", [STABLE, CANDIDATE])
async def test_only_the_signals_that_the_plan_judges_by_can_be_lost(slot: str) -> None:
    """A model server's counters are its labels and confidence."""
    for plan, held_by in ((LABELS, "signal_lost"), (LAST_STEP, "all_passed")):
        scene = await a_release_that_has_enough(plan)
        scene.traffic.targets[SERVERS, slot] = 0
        found = await scene.look(8, 2, seconds=60)
        assert found.held_by == held_by
        assert (f"model_server ({slot})" in found.why) is (plan is LABELS)


async def test_a_candidate_that_is_dead_is_rolled_back_for_what_it_failed() -> None:
    """Taking traffic away is safe, though its own counters are gone."""
    scene = await a_release_that_has_enough(LABELS)
    scene.traffic.targets[SERVERS, CANDIDATE] = 0
    assert (await scene.look(80, 20, errors=20)).action == "roll_back"


async def test_what_nobody_has_counted_yet_is_no_lost_signal() -> None:
    """A candidate that has answered nothing yet has no series."""
    scene = Scene(LABELS)
    scene.traffic.counts.clear()
    scene.traffic.send(STABLE, 1)
    await scene.look()
    found = await scene.look(8, 0, seconds=100)
    assert (found.action, found.held_by) == ("hold", "too_little")


async def test_counters_are_noted_when_all_are_there() -> None:
    """What appeared later would count with all that it had counted before the release."""
    scene = Scene()
    scene.traffic.targets[NGINX, "shared"] = 0
    assert (await scene.look()).held_by == "signal_lost"
    scene.traffic.targets[NGINX, "shared"] = 1
    await scene.look()
    found = await scene.look(40, 10)
    assert found.gates[0]["numbers"]["candidate_requests"] == 10
    assert found.action == "wait"


async def test_a_gap_in_the_counters_adds_only_what_came_in_it() -> None:
    """Not all that the series had counted in its life."""
    scene = Scene()
    await scene.look()
    scene.traffic.targets[NGINX, "shared"] = 0
    await scene.look(40, 10)
    await scene.look(40, 10)
    scene.traffic.targets[NGINX, "shared"] = 1
    found = await scene.look(40, 10)
    assert found.gates[0]["numbers"]["candidate_requests"] == 30
    assert found.gates[0]["numbers"]["candidate_bad"] == 0


SLOW = LAST_STEP.model_copy(update={"gates": Gates(slow_requests=SlowRequestsPlan(required=True))})


def send_timed(traffic: Traffic, fast: int, slow: int) -> None:
    for slot in (STABLE, CANDIDATE):
        metric, labels = "nginx_response_duration_seconds", {"slot": slot, "kind": "predict"}
        traffic.count(f"{metric}_bucket", NGINX, fast, le="0.5", **labels)
        traffic.count(f"{metric}_bucket", NGINX, fast + slow, le="+Inf", **labels)
        traffic.count(f"{metric}_count", NGINX, fast + slow, **labels)


async def test_a_restart_of_what_counts_is_one_of_all_that_it_counts() -> None:
    """Also of the series that have counted more since than in all the time before."""
    scene = Scene(SLOW)
    send_timed(scene.traffic, fast=20, slow=0)
    await scene.look()
    scene.traffic.restart(NGINX)
    send_timed(scene.traffic, fast=15, slow=10)
    found = await scene.look()
    assert found.action == "wait"
    assert found.gates[0]["numbers"]["candidate_requests"] == 25
    assert found.gates[0]["numbers"]["candidate_bad"] == 10


async def test_what_cannot_be_is_judged_at_no_look_and_spoils_none() -> None:
    """Counters that contradict each other hold the release until the next ones do not."""
    scene = Scene(SLOW)
    send_timed(scene.traffic, fast=200, slow=0)
    await scene.look()
    send_timed(scene.traffic, fast=20, slow=-15)
    found = await scene.look()
    assert (found.action, found.held_by) == ("hold", "signal_lost")
    assert "from 00:00:05 to 00:00:10 UTC" in found.why
    send_timed(scene.traffic, fast=99, slow=1)
    found = await scene.look()
    assert found.action == "wait"
    assert found.gates[0]["numbers"]["candidate_requests"] == 100


async def test_a_look_that_fails_holds_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time: the candidate has its traffic meanwhile, and somebody has to be told."""
    scene = Scene()
    await scene.look()

    def fail(*_: object, **__: object) -> None:
        raise ValueError("21 bad of 20 requests")

    monkeypatch.setattr("release.judge.gates", fail)
    for _ in range(2):
        found = await scene.look(8, 2)
        assert (found.action, found.held_by) == ("hold", "error")
        assert "21 bad of 20 requests" in found.why
    monkeypatch.undo()
    assert (await scene.look(8, 2)).action == "wait"


async def test_without_its_database_every_look_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that did not would hide from who counts the runs that nothing is judged."""
    scene = Scene()
    prometheus = Prometheus("http://prometheus", httpx.MockTransport(scene.traffic))
    judge = Judge(prometheus, scene.store, scene.feedback, lambda: scene.time)  # type: ignore[arg-type]

    async def fail(*_: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(scene.store, "counters", fail)
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await judge.look(scene.release)
    await prometheus.close()


async def paused(scene: Scene, seconds: float = 60) -> None:
    """Pause, let a candidate that is being mended fail 50 requests, and resume."""
    scene.release = lifecycle.pause(scene.release, "ann")
    scene.traffic.send(STABLE, 200)
    scene.traffic.send(CANDIDATE, 50, errors=50)
    scene.time += timedelta(seconds=seconds)
    scene.release = lifecycle.resume(scene.release, "mended", scene.time)


async def test_what_happens_in_a_pause_is_not_judged() -> None:
    """Also where it came before the first look; what had been seen before it still counts."""
    scene = Scene()
    await scene.look()
    await paused(scene)
    await scene.look(seconds=10)
    await scene.look(40, 10, errors=1)
    await paused(scene)
    found = await scene.look(seconds=10)
    assert found.action == "wait"
    found = await scene.look(40, 10)
    assert found.gates[0]["numbers"]["candidate_requests"] == 20
    assert found.gates[0]["numbers"]["candidate_bad"] == 1


async def test_what_is_counted_late_belongs_to_the_pause() -> None:
    """Prometheus shows it some seconds after somebody has resumed."""
    scene = Scene()
    await scene.look()
    await scene.look(40, 10)
    await paused(scene)
    for errors in (20, 10, 0):
        assert (await scene.look(0, errors, errors)).action == "wait"
    assert (await scene.look(80, 20, errors=20)).action == "roll_back"


async def test_a_pause_right_after_a_step_began_is_not_judged_either() -> None:
    """Before a look in that step."""
    scene = Scene()
    await scene.look()
    await scene.look(800, 200)
    scene.release = lifecycle.advance(scene.release, "", scene.time)
    await paused(scene)
    assert (await scene.look()).action == "wait"


async def test_a_step_that_was_paused_begins_again() -> None:
    """With its time, the requests that it wants, and the mean of them."""
    gates = Gates(error_rate=GatePlan(required=True), mean_latency=MeanLatencyPlan())
    scene = Scene(PLAN.model_copy(update={"gates": gates}))
    seconds = "nginx_successful_response_seconds_total"
    await scene.look()
    scene.traffic.count(seconds, NGINX, 2000, slot=CANDIDATE, kind="predict")
    await scene.look(800, 200)
    await paused(scene)
    await scene.look(seconds=10)
    scene.traffic.count(seconds, NGINX, 9, slot=CANDIDATE, kind="predict")
    found = await scene.look(360, 90, seconds=100)
    assert (found.action, found.held_by) == ("hold", "too_little")
    assert "answered 90 requests in this step" in found.why
    assert found.gates[1]["numbers"]["candidate_requests"] == 90
    assert (await scene.look(40, 10)).action == "advance"


async def test_labels_of_what_was_predicted_in_a_pause_do_not_count() -> None:
    """Those that came in it about what was predicted before it do."""
    scene = Scene(PLAN.model_copy(update={"gates": Gates(accuracy=MarginPlan())}))
    await scene.look()
    await scene.look(8, 2)
    scene.feedback.came = [
        Label(CANDIDATE, scene.time + timedelta(seconds=after), is_correct=False) for after in (-1, 30)
    ]
    await paused(scene)
    found = await scene.look()
    assert found.gates[0]["numbers"]["candidate_labels"] == 1
