"""The routes of releases, with the controller and the packages of the test's own world."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from mongodb.errors import StoreUnavailable
from release.controller import Refused
from release.documents import Decision
from release.judge import Seen
from release.judgement import Judgement
from release.lifecycle import NotNow, Package, Release
from release.plan import WrongPlan
from release.registry.versions import AmbiguousVersion, UnknownVersion
from release.routes.releases import releases_router
from release.split_file import CannotRead
from release.verdict.gate import Gate, Verdict
from service.problems import install_problem_handlers
from service.token import SharedToken, token_demand
from tests.unit.release.test_controller import FakeStore, Life, World, a_release

TOKEN = "a-token-of-the-tests"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


class ReadableStore(FakeStore):
    """A store that can be read, or is away."""

    def __init__(self, world: World) -> None:
        super().__init__(world, Life())
        self._world = world
        self.away = False

    async def current(self) -> tuple[Release, Decision] | None:
        if self.away:
            raise StoreUnavailable("gone")
        return await super().current()

    async def decisions(self, limit: int) -> list[Decision]:
        return list(reversed(self._world.decisions.values()))[:limit]


class FakeCandidates:
    """Puts what it is told to into the slot, which serves `serves` then, or refuses."""

    def __init__(self, serves: Package) -> None:
        self.serves = serves
        self.refusal: Exception | None = None
        self.done: list[str] = []

    async def resume(self) -> None:
        self.done.append("resume")

    async def put(self, asked: str, who: str, why: str) -> Package:
        if self.refusal:
            raise self.refusal
        self.done.append(f"{asked} for {who}: {why}")
        return self.serves


class Api:
    """The routes behind HTTP, and what a test changes of the world behind them."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.world.judgements = [Judgement("wait", "")] * 2
        self.store = ReadableStore(self.world)
        self.refusal: Exception | None = None
        self.seen: Seen | None = None
        self.candidates = FakeCandidates(a_release(self.world).candidate)
        self.wrong_plan = False
        app = FastAPI()
        app.include_router(
            releases_router(
                self.world.controller(Life()),
                self.store,  # type: ignore[arg-type]
                self.candidates,  # type: ignore[arg-type]
                check=self.check,
                prepare=self.prepare,
                seen=lambda: self.seen,
                now=self.world.tell,
                demand_token=token_demand(SharedToken(SecretStr(TOKEN), folder)),
            )
        )
        install_problem_handlers(app)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://release", headers=AUTHORIZED
        )

    async def check(self, plan: str) -> None:
        if self.wrong_plan:
            raise WrongPlan(f"there is no plan {plan}")

    async def prepare(self, plan: str) -> Release:
        if self.refusal:
            raise self.refusal
        return replace(a_release(self.world), plan_name=plan)

    async def post(self, path: str, **order: str) -> dict[str, Any]:
        response = await self.http.post(path, json=order)
        assert response.is_success, response.text
        answer: dict[str, Any] = response.json()
        return answer


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    made = Api(tmp_path)
    yield made
    await made.http.aclose()


async def test_before_the_first_release_there_is_none(api: Api) -> None:
    """Neither a decision about it."""
    assert (await api.http.get("/release")).json() == {"release": None, "decision": None, "seen": None}


async def test_a_release_is_started_by_a_plan(api: Api) -> None:
    """Who ordered it and why stand in the decision; its first split is written."""
    answer = await api.post("/release", plan="classic", who="ann", why="new data")
    assert answer["release"]["plan_name"] == "classic"
    assert answer["release"]["phase"] == "running"
    assert (answer["decision"]["who"], answer["decision"]["why"]) == ("ann", "step 1 of 2: 5 %; new data")
    assert "weight=95" in api.world.file.read_text()


async def test_orders_change_it_and_are_kept(api: Api) -> None:
    """The newest first, with their numbers."""
    await api.post("/release")
    for name, phase in (("pause", "paused"), ("resume", "running"), ("abort", "aborting")):
        answer = await api.post(f"/release/{name}", who="ann", why=name)
        assert answer["decision"]["decision"] in {name, "aborted"}
        assert answer["release"]["phase"] in {phase, "aborted"}
    found = (await api.http.get("/decisions", params={"limit": 3})).json()
    assert [(one["decision"], one["who"]) for one in found] == [
        ("aborted", "controller"),
        ("abort", "ann"),
        ("resume", "ann"),
    ]


async def test_what_was_seen_is_shown_with_its_release_alone(api: Api) -> None:
    """What was seen of an older one says nothing of this one."""
    await api.post("/release")
    gate = Gate("error_rate", Verdict.PASS, "fine", {"evidence": 0.5})
    api.seen = Seen("r1", 4, api.world.now, {"model_server": 3, "model_server_new": 1}, [gate])
    shown = (await api.http.get("/release")).json()["seen"]
    assert shown["requests"] == {"model_server": 3, "model_server_new": 1}
    assert (shown["gates"][0]["name"], shown["gates"][0]["verdict"]) == ("error_rate", "pass")
    api.seen = replace(api.seen, release="r0")
    assert (await api.http.get("/release")).json()["seen"] is None


@pytest.mark.parametrize("path", ["/release", "/release/abort", "/release/rollback"])
async def test_nothing_changes_without_the_token(api: Api, path: str) -> None:
    """To read needs none."""
    api.http.headers.pop("Authorization")
    assert (await api.http.post(path, json={})).status_code == 401
    assert (await api.http.get("/release")).status_code == 200
    assert api.world.state is None


@pytest.mark.parametrize(
    ("refusal", "status", "detail"),
    [
        (WrongPlan("plan.toml: default.steps: too short"), 422, "plan.toml: default.steps: too short"),
        (NotNow("the slot serves another package"), 409, "the slot serves another package"),
        (CannotRead("default.conf: line 3: odd"), 409, "default.conf: line 3: odd"),
    ],
)
async def test_what_cannot_be_started_says_why(
    api: Api, refusal: Exception, status: int, detail: str
) -> None:
    """And nothing has begun."""
    api.refusal = refusal
    response = await api.http.post("/release", json={})
    assert (response.status_code, response.json()["detail"]) == (status, detail)
    assert api.world.state is None


async def test_an_order_that_does_not_fit_the_phase_says_what_does(api: Api) -> None:
    """There is nothing to resume; an order that there is not at all is no order."""
    await api.post("/release")
    response = await api.http.post("/release/resume", json={})
    assert response.status_code == 409
    assert "only when it is paused" in response.json()["detail"]
    assert (await api.http.post("/release/explode", json={})).status_code == 422
    assert (await api.http.post("/release/pause", json={"whom": "x"})).status_code == 422


async def test_without_the_database_it_says_to_try_again(api: Api) -> None:
    """Nothing is decided then."""
    api.store.away = True
    response = await api.http.get("/release")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


async def test_a_release_of_a_version_puts_it_into_the_slot_first(api: Api) -> None:
    """What was begun before is finished; then it starts as any."""
    answer = await api.post("/release", package="cnn:2", who="ann", why="new data")
    assert answer["release"]["phase"] == "running"
    assert api.candidates.done == ["resume", "cnn:2 for ann: new data"]


async def test_without_a_version_the_slot_keeps_its_own(api: Api) -> None:
    """But what was begun there is finished, or a replica would serve another package."""
    await api.post("/release")
    assert api.candidates.done == ["resume"]


async def test_a_plan_that_there_is_not_leaves_the_slot_as_it_is(api: Api) -> None:
    """So do all the other things that can be known before."""
    api.wrong_plan = True
    response = await api.http.post("/release", json={"package": "cnn:2", "plan": "nil"})
    assert (response.status_code, api.candidates.done) == (422, ["resume"])


async def test_a_release_of_another_package_than_the_named_one_does_not_begin(api: Api) -> None:
    """Somebody may have put a further one into the slot in between."""
    api.candidates.serves = Package("cnn", "3", "c" * 64)
    response = await api.http.post("/release", json={"package": "cnn:3"})
    assert (response.status_code, "meanwhile" in response.json()["detail"]) == (409, True)
    assert api.world.state is None


@pytest.mark.parametrize(
    ("refusal", "status", "detail"),
    [
        (UnknownVersion("no version is called x"), 404, "no version is called x"),
        (AmbiguousVersion("x is the name of several"), 409, "x is the name of several"),
        (Refused("a:1: no"), 409, "model_server_new does not take the package: a:1: no"),
        (NotNow("release r1 is running"), 409, "release r1 is running"),
    ],
)
async def test_a_version_that_cannot_be_tried_starts_no_release(
    api: Api, refusal: Exception, status: int, detail: str
) -> None:
    """The answer says what is in its way."""
    api.candidates.refusal = refusal
    response = await api.http.post("/release", json={"package": "x"})
    assert (response.status_code, response.json()["detail"]) == (status, detail)
    assert api.world.state is None
