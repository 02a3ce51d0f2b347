"""People change where requests go between releases: written down, done at once, and never into a release."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from release import lifecycle
from release.controller import Controller
from release.documents import Decision
from release.lifecycle import NotNow, Package, Phase, Release
from release.plan import GatePlan, Gates, Plan
from release.routes.traffic import traffic_router
from release.split_file import CannotWrite, EditedMeanwhile, SplitFile
from release.traffic.answered import CannotCount
from release.traffic.confirmation import Answered
from release.traffic.orders import NothingToSwap, Order, Traffic, shadowed, split, swapped
from service.problems import install_problem_handlers
from service.slots import CANDIDATE, STABLE
from service.token import SharedToken, token_demand

SHIPPED = """# ours; say weight=0 in no line
upstream split {
    server model_server:8000      weight=1  max_fails=3 fail_timeout=5s  resolve;
    server model_server_new:8000  weight=1  max_fails=3 fail_timeout=5s  resolve; # the new one
    zone split 256k;
}

map "" $experiment {
    default off;
}

split_clients $request_id $shadow {
    * off; # a share, such as 10%
}
"""
EDITED = SHIPPED.replace("weight=1 ", "weight=7 ")
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
PLAN = Plan(steps=(5, 20), step_seconds=60, min_requests=10, gates=Gates(error_rate=GatePlan()))
TOKEN = "a-token-of-this-test"


class FakeStore:
    """Keeps one release, and the log; a test may have something happen while it writes."""

    def __init__(self) -> None:
        self.release: Release | None = None
        self.log: list[Decision] = []
        self.while_recording: Callable[[], None] = lambda: None

    async def current(self) -> tuple[Release, Decision | None] | None:
        await asyncio.sleep(0)
        return None if self.release is None else (self.release, None)

    async def record(self, decision: Decision) -> None:
        await asyncio.sleep(0)
        self.while_recording()
        self.log.append(Decision.from_document(decision.to_document()))


class World:
    """A file, a log, and what nginx does."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "default.conf"
        self.file.write_text(SHIPPED)
        self.store = FakeStore()
        self.answered: Answered | None = Answered(8, 2)
        split_file = SplitFile(self.file)
        self.controller = Controller(
            store=self.store,  # type: ignore[arg-type]
            split_file=split_file,
            in_effect=self.in_effect,
            packages=None,  # type: ignore[arg-type]
            judge=None,  # type: ignore[arg-type]
            announce=None,  # type: ignore[arg-type]
            now=lambda: NOW,
        )
        self.traffic = Traffic(
            controller=self.controller,
            store=self.store,  # type: ignore[arg-type]
            split_file=split_file,
            in_effect=self.in_effect,
            count=self.count,
            now=lambda: NOW,
        )

    async def in_effect(self) -> bool:
        """Tell that nginx has it."""
        return True

    async def count(self) -> Answered:
        """Count, or not."""
        if self.answered is None:
            raise CannotCount("gone")
        return self.answered

    def edit(self) -> None:
        """Edit the file as a person would."""
        self.file.write_text(EDITED)

    @property
    def changed_lines(self) -> list[str]:
        """Return the lines of the file that are not as shipped."""
        shipped = SHIPPED.splitlines()
        return [line.strip() for line in self.file.read_text().splitlines() if line not in shipped]

    def release(self, phase: Phase) -> None:
        """Have a release in this phase."""
        packages = {"stable": Package("cnn", "1", "a"), "candidate": Package("cnn", "2", "b")}
        in_file = SplitFile(self.file).read()
        started = lifecycle.start(
            name="r1", plan_name="default", plan=PLAN, **packages, in_file=in_file, now=NOW
        )
        self.store.release = replace(started, phase=phase)

    def client(self) -> httpx.AsyncClient:
        """Talk to the routes."""
        app = FastAPI()
        token = SharedToken(SecretStr(TOKEN), Path("none"))
        app.include_router(traffic_router(self.traffic, token_demand(token)))
        install_problem_handlers(app)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://release",
            headers={"Authorization": f"Bearer {TOKEN}"},
        )


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def an_order(change: object, decision: str = "split") -> Order:
    """Make an order."""
    return Order(decision, change, "ann", "she said so")  # type: ignore[arg-type]


async def test_a_split_changes_two_weights_and_nothing_else(world: World) -> None:
    """Comments, names, and whatever else people have written stay."""
    await world.traffic.obey(an_order(split(80, 20)))
    assert world.changed_lines == [
        "server model_server:8000      weight=80  max_fails=3 fail_timeout=5s  resolve;",
        "server model_server_new:8000  weight=20  max_fails=3 fail_timeout=5s  resolve; # the new one",
    ]


@pytest.mark.parametrize(("stable", "candidate"), [(100, 0), (0, 100)])
async def test_a_slot_may_get_nothing(world: World, stable: int, candidate: int) -> None:
    """It is `down` in the file, and what went before comes back."""
    await world.traffic.obey(an_order(split(stable, candidate)))
    assert [line.split()[2] for line in world.changed_lines].count("down") == 1
    assert (await world.traffic.view()).production == (STABLE if stable else CANDIDATE)
    await world.traffic.obey(an_order(split(1, 1)))
    assert world.file.read_text() == SHIPPED


async def test_a_swap_flips_production_and_swapping_back_is_the_rollback(world: World) -> None:
    """And the slot that is tested with it."""
    await world.traffic.obey(an_order(split(100, 0)))
    before = world.file.read_text()
    await world.traffic.obey(an_order(swapped, "swap"))
    view = await world.traffic.view()
    assert (view.production, view.tested) == (CANDIDATE, STABLE)
    await world.traffic.obey(an_order(swapped, "swap"))
    assert world.file.read_text() == before


async def test_equal_slots_are_not_swapped(world: World) -> None:
    """Nothing would change, and it would look as if it had."""
    with pytest.raises(NothingToSwap, match="split 100 0"):
        await world.traffic.obey(an_order(swapped, "swap"))
    assert not world.store.log


async def test_a_shadow_is_ordered_and_ended(world: World) -> None:
    """The weights stay."""
    await world.traffic.obey(an_order(shadowed(Decimal(25))))
    assert world.changed_lines == ["25% on; * off; # a share, such as 10%"]
    assert (await world.traffic.view()).routing.shadow_percent == 25
    await world.traffic.obey(an_order(shadowed(Decimal(0))))
    assert world.file.read_text() == SHIPPED


async def test_an_order_is_in_the_log_before_it_is_done(world: World) -> None:
    """Killed in between, nobody finds a split that nobody chose."""
    seen: list[str] = []
    world.store.while_recording = lambda: seen.append(world.file.read_text())
    await world.traffic.obey(an_order(split(80, 20)))
    [decision] = world.store.log
    assert seen == [SHIPPED]
    assert (decision.decision, decision.who, decision.why) == ("split", "ann", "she said so")
    assert (decision.release, decision.phase, decision.percent, decision.at) == ("", None, 20, NOW)
    assert decision.id == f"traffic/{int(NOW.timestamp()) * 1_000_000}"


async def test_a_hand_edit_in_between_stays(world: World) -> None:
    """The order is not done, and the log says so."""
    world.store.while_recording = world.edit
    with pytest.raises(EditedMeanwhile):
        await world.traffic.obey(an_order(split(80, 20)))
    assert world.file.read_text() == EDITED
    assert [one.decision for one in world.store.log] == ["split", "not_done"]


async def test_what_cannot_be_written_is_not_logged(world: World) -> None:
    """A file in which a slot has no server."""
    text = SHIPPED.replace("    server model_server_new:8000", "    # server model_server_new:8000")
    world.file.write_text(text)
    with pytest.raises(CannotWrite):
        await world.traffic.obey(an_order(split(80, 20)))
    assert not world.store.log
    assert world.file.read_text() == text


@pytest.mark.parametrize(
    ("phase", "todo"),
    [
        (Phase.RUNNING, "canary pause"),
        (Phase.AWAITING_APPROVAL, "canary abort"),
        (Phase.PROMOTING, "in a moment"),
        (Phase.ROLLING_BACK, "in a moment"),
    ],
)
async def test_a_release_is_not_disturbed(world: World, phase: Phase, todo: str) -> None:
    """It is said what to do first."""
    world.release(phase)
    with pytest.raises(NotNow, match=todo):
        await world.traffic.obey(an_order(split(80, 20)))
    assert world.file.read_text() == SHIPPED
    assert not world.store.log


@pytest.mark.parametrize("phase", [Phase.PAUSED, Phase.PROMOTED, Phase.ABORTED, Phase.ROLLED_BACK])
async def test_after_a_release_or_in_its_pause_people_decide(world: World, phase: Phase) -> None:
    """A paused release goes on from there when it is resumed."""
    world.release(phase)
    await world.traffic.obey(an_order(split(80, 20)))
    assert world.changed_lines


async def test_orders_take_turns(world: World) -> None:
    """None is lost between another one's reading and writing."""
    await asyncio.gather(
        world.traffic.obey(an_order(split(80, 20))),
        world.traffic.obey(an_order(shadowed(Decimal(5)), "shadow")),
        *(world.traffic.obey(an_order(swapped, "swap")) for _ in range(3)),
    )
    routing = (await world.traffic.view()).routing
    assert (routing.weights[STABLE], routing.weights[CANDIDATE]) == (20, 80)
    assert routing.shadow_percent == 5


async def test_without_who_counts_the_view_says_the_rest(world: World) -> None:
    """What nobody counts is not 0."""
    world.answered = None
    async with world.client() as client:
        view = (await client.get("/traffic")).json()
    assert view["answered"] is None
    assert view["production"] == STABLE


async def test_the_routes_obey(world: World) -> None:
    """And answer where requests go from now on."""
    async with world.client() as client:
        body = {"stable": 80, "candidate": 20, "who": "ann", "why": "friday"}
        view = (await client.post("/traffic/split", json=body)).json()
        assert view["weights"] == {STABLE: 80, CANDIDATE: 20}
        assert (view["candidate_share"], view["in_effect"]) == (0.2, True)
        assert view["answered"] == {"stable": 8, "candidate": 2}
        view = (await client.post("/traffic/swap", json={})).json()
        assert (view["production"], view["tested"]) == (CANDIDATE, STABLE)
        view = (await client.post("/traffic/shadow", json={"percent": "12.5"})).json()
        assert view["shadow_percent"] == 12.5
    assert [(one.decision, one.who) for one in world.store.log] == [
        ("split", "ann"),
        ("swap", "somebody"),
        ("shadow", "somebody"),
    ]
    assert world.store.log[0].why == "friday"
    assert "12.5 %" in world.store.log[2].why


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("split", {"stable": 0, "candidate": 0}),
        ("split", {"stable": -1, "candidate": 1}),
        ("split", {"stable": 80}),
        ("split", {"stable": 80, "candidate": 20, "slot": "x"}),
        ("shadow", {"percent": "101"}),
        ("shadow", {"percent": "0.001"}),
        ("shadow", {"percent": "NaN"}),
    ],
)
async def test_what_is_no_order_is_refused(world: World, path: str, body: object) -> None:
    """At the door, before anything is read."""
    async with world.client() as client:
        assert (await client.post(f"/traffic/{path}", json=body)).status_code == 422
    assert world.file.read_text() == SHIPPED


async def test_an_order_wants_the_token(world: World) -> None:
    """To look does not."""
    async with world.client() as client:
        for path in ("split", "swap", "shadow"):
            headers = {"Authorization": "Bearer another"}
            body = {"stable": 80, "candidate": 20}
            assert (await client.post(f"/traffic/{path}", json=body, headers=headers)).status_code == 401
        assert (await client.get("/traffic", headers={"Authorization": ""})).status_code == 200
    assert world.file.read_text() == SHIPPED


@pytest.mark.parametrize(
    ("ready", "path", "said"),
    [
        ("running", "split", "canary pause"),
        ("equal", "swap", "split 100 0"),
        ("edited", "split", "try again"),
    ],
)
async def test_what_is_not_possible_now_is_a_409_that_says_what_to_do(
    world: World, ready: str, path: str, said: str
) -> None:
    """Nothing is changed."""
    if ready == "running":
        world.release(Phase.RUNNING)
    if ready == "edited":
        world.store.while_recording = world.edit
    async with world.client() as client:
        body = {} if path == "swap" else {"stable": 80, "candidate": 20}
        response = await client.post(f"/traffic/{path}", json=body)
    assert response.status_code == 409
    assert said in response.json()["detail"]
    assert "weight=80" not in world.file.read_text()
