"""The controller does what is decided, once, whenever it is killed and started again."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from proxy.routing import Routing
from release import lifecycle
from release.controller import Controller, Refused
from release.documents import Decision, read_release, release_document
from release.judgement import Judgement
from release.lifecycle import ENDED, Package, Phase, Release
from release.plan import GatePlan, Gates, Plan
from release.split_file import SplitFile

SPLIT = """# mine
upstream split {
    server model_server:8000      weight=1  resolve; # keep
    server model_server_new:8000  weight=1  resolve;
    zone split 256k;
}
"""
OLD, NEW = Package("cnn", "1", "a" * 64), Package("cnn", "2", "b" * 64)
PLAN = Plan(steps=(5, 20), step_seconds=60, min_requests=10, gates=Gates(error_rate=GatePlan()))
CHOSEN = [
    {"model_server": 1, "model_server_new": 1},
    *({"model_server": 100 - percent, "model_server_new": percent} for percent in (5, 20, 0)),
]


class Killed(BaseException):
    """The process ended here."""


class Life:
    """Counts what the controller does outside itself, and ends it before or after one of these."""

    def __init__(self, last: int | None = None, *, done: bool = False) -> None:
        self.calls = 0
        self._last = last
        self._done = done

    def lives(self, call: Callable[[], Any]) -> Any:
        """Do it, unless this life ends here."""
        self.calls += 1
        if self.calls == self._last and not self._done:
            raise Killed
        result = call()
        if self.calls == self._last:
            raise Killed
        return result


class World:
    """What outlives the controller: database, file, packages, and what was announced."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "default.conf"
        self.file.write_text(SPLIT)
        self.state: dict[str, Any] | None = None
        self.decisions: dict[str, Decision] = {}
        self.announced: set[str] = set()
        self.served = OLD
        self.judgements: Sequence[Judgement] = ()
        self.refuses = False
        self.nginx_takes = True
        self.other = ""
        self.rolled_back = 0
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def controller(self, life: Life) -> Controller:
        """Start one."""
        return Controller(
            store=FakeStore(self, life),  # type: ignore[arg-type]
            split_file=FileOfALife(self.file, life),
            in_effect=self.in_effect,
            packages=FakePackages(self, life),
            judge=FakeJudge(self),
            announce=self.announcer(life),
            now=self.tell,
        )

    def tell(self) -> datetime:
        """Let a second pass."""
        self.now += timedelta(seconds=1)
        return self.now

    async def in_effect(self) -> bool:
        """Tell whether nginx has taken the file."""
        return self.nginx_takes

    def announcer(self, life: Life) -> Callable[[Release, Decision], Awaitable[None]]:
        """Return what announces."""

        async def announce(_: Release, decision: Decision) -> None:
            life.lives(lambda: self.announced.add(decision.id))

        return announce

    @property
    def release(self) -> Release:
        """Return the newest release."""
        assert self.state is not None
        return read_release(self.state["release"])

    @property
    def last(self) -> Decision:
        """Return the last decision about it."""
        assert self.state is not None
        return Decision.from_document(self.state["decision"])


class FakeStore:
    def __init__(self, world: World, life: Life) -> None:
        self._world = world
        self._life = life

    async def current(self) -> tuple[Release, Decision] | None:
        state = self._world.state
        if state is None:
            return None
        return read_release(state["release"]), Decision.from_document(state["decision"])

    async def change(self, before: Release | None, after: Release, decision: Decision) -> None:
        def write() -> None:
            world = self._world
            assert (before is None) == (world.state is None)
            assert before is None or world.release.revision == before.revision
            world.state = {"release": release_document(after), "decision": decision.to_document()}

        self._life.lives(write)

    async def record(self, decision: Decision) -> None:
        self._life.lives(lambda: self._world.decisions.setdefault(decision.id, decision))


class FileOfALife(SplitFile):
    def __init__(self, path: Path, life: Life) -> None:
        super().__init__(path)
        self._life = life

    def write(self, wanted: Routing) -> None:
        self._life.lives(lambda: super(FileOfALife, self).write(wanted))


class FakePackages:
    def __init__(self, world: World, life: Life) -> None:
        self._world = world
        self._life = life

    async def promote(self, release: Release) -> None:
        if self._world.refuses:
            raise Refused("it has no weights")
        self._life.lives(lambda: setattr(self._world, "served", release.candidate))

    async def roll_back(self, release: Release) -> None:
        if self._world.refuses:
            raise Refused("it is not kept")
        self._world.rolled_back += 1
        self._life.lives(lambda: setattr(self._world, "served", release.stable))

    async def other(self, _: Release) -> str:
        return self._world.other


class FakeJudge:
    def __init__(self, world: World) -> None:
        self._world = world

    async def look(self, release: Release) -> Judgement:
        return self._world.judgements[release.step]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def a_release(world: World, plan: Plan = PLAN) -> Release:
    return lifecycle.start(
        name="r1",
        plan_name="default",
        plan=plan,
        stable=OLD,
        candidate=NEW,
        in_file=SplitFile(world.file).read(),
        now=world.tell(),
    )


def weights(world: World) -> dict[str, int]:
    return dict(SplitFile(world.file).read().weights)


ADVANCE, FAIL = Judgement("advance", "all gates pass"), Judgement("roll_back", "errors: 9 of 10")
TOO_LITTLE = Judgement("hold", "2 of 10 requests", "too_little")
GOOD, BAD = (ADVANCE, ADVANCE), (ADVANCE, FAIL)


async def run_to_its_end(world: World, life: Life) -> None:
    controller = world.controller(life)
    if world.state is None:
        await controller.begin(a_release(world), "ann")
    for _ in range(20):
        await controller.tick()
        assert weights(world) in CHOSEN
        if world.release.phase in ENDED:
            break
    await controller.tick()


async def test_a_good_candidate_is_promoted(world: World) -> None:
    """Step by step; then its package is the stable slot's, and that gets everything."""
    world.judgements = GOOD
    await run_to_its_end(world, Life())
    assert world.release.phase is Phase.PROMOTED
    assert world.served == NEW
    assert weights(world) == {"model_server": 100, "model_server_new": 0}
    decided = [one.decision for one in world.decisions.values()]
    assert decided == ["start", "advance", "promote", "promoted"]
    assert world.announced == world.decisions.keys()
    assert "# mine" in world.file.read_text()
    assert "# keep" in world.file.read_text()


async def test_a_bad_candidate_gets_nothing_any_more(world: World) -> None:
    """The reason is the gate's."""
    world.judgements = BAD
    await run_to_its_end(world, Life())
    assert world.release.phase is Phase.ABORTED
    assert world.served == OLD
    assert weights(world) == {"model_server": 100, "model_server_new": 0}
    assert world.decisions["r1/4"].why == "errors: 9 of 10"


@pytest.mark.parametrize("judgements", [GOOD, BAD], ids=["good", "bad"])
async def test_it_may_be_killed_at_any_step(judgements: Sequence[Judgement], tmp_path: Path) -> None:
    """Before and after each thing that it does: the same end, each decision once, each of them announced."""
    undisturbed = World(tmp_path)
    undisturbed.judgements = judgements
    life = Life()
    await run_to_its_end(undisturbed, life)
    assert life.calls > 10
    for last in range(1, life.calls + 1):
        for done in (False, True):
            world = World(tmp_path)
            world.judgements = judgements
            with pytest.raises(Killed):
                await run_to_its_end(world, Life(last, done=done))
            await run_to_its_end(world, Life())
            assert world.release.phase is undisturbed.release.phase, (last, done)
            assert world.served == undisturbed.served
            assert [(one.decision, one.why) for one in world.decisions.values()] == [
                (one.decision, one.why) for one in undisturbed.decisions.values()
            ], (last, done)
            assert world.announced == world.decisions.keys()
            assert world.file.read_text() == undisturbed.file.read_text()


def start_another(world: World) -> Release:
    return replace(a_release(world), id="r2")


@pytest.mark.parametrize("order", ["order", "begin"])
async def test_a_decision_that_was_stored_and_not_published_is_published_before_the_next(
    world: World, order: str
) -> None:
    """An order that comes before the next tick neither hides it from the log nor from people."""
    controller = await begun(world)
    if order == "begin":
        await controller.order(lambda release: lifecycle.abort(release, "so"), "abort", "ann", "so")
    del world.decisions[world.last.id]
    world.announced.remove(world.last.id)
    lost = world.last.id
    controller = world.controller(Life())
    if order == "begin":
        await controller.begin(start_another(world), "ann")
    else:
        await controller.order(lambda release: lifecycle.pause(release, "so"), "pause", "ann", "so")
    assert lost != world.last.id
    assert lost in world.decisions
    assert world.announced == world.decisions.keys()


def edit(world: World, stable: int, candidate: int) -> None:
    shares = {"model_server": stable, "model_server_new": candidate}
    SplitFile(world.file).write(replace(SplitFile(world.file).read(), weights=shares))


async def begun(world: World, plan: Plan = PLAN, *judgements: Judgement) -> Controller:
    """Return a controller whose release is in its first step."""
    world.judgements = judgements or (Judgement("wait", ""),)
    controller = world.controller(Life())
    await controller.begin(a_release(world, plan), "ann")
    assert weights(world) == {"model_server": 95, "model_server_new": 5}
    return controller


async def test_a_hand_edit_pauses_the_release(world: World) -> None:
    """The person's weights stay, also after a restart; to resume is to go on with the plan's."""
    await begun(world)
    edit(world, 7, 3)
    for _ in range(2):
        await world.controller(Life()).tick()
    assert world.release.phase is Phase.PAUSED
    assert weights(world) == {"model_server": 7, "model_server_new": 3}
    (pause,) = [one for one in world.decisions.values() if one.decision == "pause"]
    assert "model_server 7, model_server_new 3" in pause.why
    await world.controller(Life()).order(
        lambda release: lifecycle.resume(release, "mine was a mistake", world.now), "resume", "ann", "mine"
    )
    assert weights(world) == {"model_server": 95, "model_server_new": 5}


async def test_a_hand_edit_to_an_earlier_step_counts_as_one(world: World) -> None:
    """It is not taken for a split that the controller has not written yet."""
    controller = await begun(world, PLAN, ADVANCE, Judgement("wait", ""))
    await controller.tick()
    assert weights(world) == {"model_server": 80, "model_server_new": 20}
    edit(world, 95, 5)
    await controller.tick()
    assert world.release.phase is Phase.PAUSED
    assert weights(world) == {"model_server": 95, "model_server_new": 5}


async def test_what_holds_a_release_is_written_once(world: World) -> None:
    """Not at every look, though its numbers change; and once more when it goes on."""
    looks = [Judgement("hold", f"{count} of 10 requests", "too_little") for count in range(3)]
    controller = await begun(world, PLAN, looks[0])
    for one in (*looks, Judgement("wait", ""), Judgement("wait", "")):
        world.judgements = (one,)
        await controller.tick()
    assert [one.decision for one in world.decisions.values()] == ["start", "hold", "go_on"]


async def test_a_split_that_nginx_does_not_take_holds(world: World) -> None:
    """After 15 seconds; the numbers are not looked at meanwhile."""
    world.nginx_takes = False
    controller = await begun(world, PLAN, FAIL)
    for _ in range(20):
        await controller.tick()
    assert world.release.held_by == "nginx"
    assert world.release.phase is Phase.RUNNING


async def test_another_package_in_a_slot_holds(world: World) -> None:
    """What passes is not the release's candidate, or was compared with another one. Put back, it goes on."""
    controller = await begun(world, PLAN, ADVANCE, Judgement("wait", ""))
    world.other = "model_server's folder holds cnn 3 in place of cnn 1"
    for _ in range(3):
        await controller.tick()
    assert (world.release.step, world.release.held_by) == (0, "package")
    assert world.last.why == world.other
    world.other = ""
    await controller.tick()
    assert (world.release.step, world.release.held_by) == (1, "")


async def test_a_package_that_is_being_copied_is_not_named(world: World) -> None:
    """Half of it is another one at each tick; nothing goes on with it, either."""
    controller = await begun(world, PLAN, ADVANCE, Judgement("wait", ""))
    for world.other in ("no model.toml", "no network.py", "cnn 3"):
        await controller.tick()
    assert (world.release.step, world.release.held_by) == (0, "")
    await controller.tick()
    assert world.last.why == "cnn 3"


async def test_a_gate_that_fails_takes_another_package_back(world: World) -> None:
    """To take traffic away is always safe."""
    controller = await begun(world, PLAN, FAIL)
    world.other = "model_server_new's folder holds cnn 3 in place of cnn 2"
    await controller.tick()
    assert world.release.phase is Phase.ABORTED


async def test_a_file_that_nginx_has_not_taken_yet_holds_nothing(world: World) -> None:
    """Late in a step, too: a person edits a comment, or nginx does not answer once."""
    controller = await begun(world)
    world.now += timedelta(hours=1)
    for _ in range(3):
        world.nginx_takes = False
        await controller.tick()
        await controller.tick()
        world.nginx_takes = True
        await controller.tick()
    assert [one.decision for one in world.decisions.values()] == ["start"]


async def test_what_holds_a_release_still_does_while_nginx_takes_an_edit(world: World) -> None:
    """It is not said to go on, and to be held again."""
    controller = await begun(world, PLAN, TOO_LITTLE)
    await controller.tick()
    world.nginx_takes = False
    await controller.tick()
    assert world.release.held_by == "too_little"
    assert [one.decision for one in world.decisions.values()] == ["start", "hold"]


async def test_nginx_has_its_whole_time_again_after_a_pause(world: World) -> None:
    """Nobody asked it meanwhile."""
    controller = await begun(world)
    world.nginx_takes = False
    await controller.tick()
    await controller.order(lambda release: lifecycle.pause(release, "so"), "pause", "ann", "so")
    world.now += timedelta(hours=1)
    await controller.order(lambda release: lifecycle.resume(release, "so", world.now), "resume", "ann", "so")
    await controller.tick()
    assert (world.release.phase, world.release.held_by) == (Phase.RUNNING, "")


async def test_a_file_without_a_split_holds(world: World) -> None:
    """The reason is the file's; mended, the release goes on."""
    controller = await begun(world)
    text = world.file.read_text()
    world.file.write_text("# gone\n")
    await controller.tick()
    assert world.release.held_by == "split"
    assert "no `upstream split`" in world.release.reason
    world.file.write_text(text)
    await controller.tick()
    assert world.release.held_by == ""


async def test_a_package_that_the_stable_slot_refuses_ends_in_an_abort(world: World) -> None:
    """With the slot's reason."""
    world.refuses = True
    world.judgements = GOOD
    await run_to_its_end(world, Life())
    assert world.release.phase is Phase.ABORTED
    assert world.served == OLD
    assert weights(world) == {"model_server": 100, "model_server_new": 0}
    assert "it has no weights" in world.release.reason


async def test_a_promotion_can_be_rolled_back(world: World) -> None:
    """By one order."""
    world.judgements = GOOD
    await run_to_its_end(world, Life())
    await world.controller(Life()).order(
        lambda release: lifecycle.roll_back(release, "worse"), "rollback", "ann", "worse"
    )
    assert world.release.phase is Phase.ROLLED_BACK
    assert world.served == OLD


def roll_back(release: Release) -> Release:
    return lifecycle.roll_back(release, "worse")


async def test_a_rollback_that_the_stable_slot_refuses_leaves_the_release_promoted(world: World) -> None:
    """With the slot's reason; once that is mended, the same order does it."""
    world.judgements = GOOD
    await run_to_its_end(world, Life())
    world.refuses = True
    await world.controller(Life()).order(roll_back, "rollback", "ann", "worse")
    stays = world.release
    assert (stays.phase, stays.ended_at is None) == (Phase.PROMOTED, False)
    assert "it is not kept" in stays.reason
    assert list(world.decisions.values())[-1].decision == "rollback_refused"
    world.refuses = False
    await world.controller(Life()).order(roll_back, "rollback", "ann", "worse")
    assert world.release.phase is Phase.ROLLED_BACK


async def test_a_promotion_that_waits_for_nginx_can_be_rolled_back(world: World) -> None:
    """The slot has the package already; the previous one is brought back once, however long nginx takes."""
    await begun(world)
    world.nginx_takes = False
    controller = world.controller(Life())
    await controller.order(lambda release: lifecycle.promote(release, "so"), "promote", "ann", "so")
    assert (world.release.phase, world.served) == (Phase.PROMOTING, NEW)
    await controller.order(roll_back, "rollback", "ann", "worse")
    for _ in range(3):
        await controller.tick()
    assert (world.release.phase, world.served, world.rolled_back) == (Phase.ROLLING_BACK, OLD, 1)
    world.nginx_takes = True
    await world.controller(Life()).tick()
    assert world.release.phase is Phase.ROLLED_BACK
    assert weights(world) == {"model_server": 100, "model_server_new": 0}


ORDERS: list[tuple[str, Callable[[Release], Release], Phase, Phase]] = [
    ("abort", lambda release: lifecycle.abort(release, "so"), Phase.ABORTING, Phase.ABORTED),
    ("promote", lambda release: lifecycle.promote(release, "so"), Phase.PROMOTING, Phase.PROMOTED),
]


@pytest.mark.parametrize(("name", "order", "changing", "done"), ORDERS)
async def test_an_end_that_nginx_does_not_take_is_held(
    world: World, name: str, order: Callable[[Release], Release], changing: Phase, done: Phase
) -> None:
    """After 15 seconds, once, with the reason; orders say so. It ends by itself, by what was decided."""
    controller = await begun(world)
    world.nginx_takes = False
    await controller.order(order, name, "ann", "so")
    assert (world.release.phase, world.release.held_by) == (changing, "")
    for _ in range(3):
        world.now += timedelta(seconds=10)
        await controller.tick()
    assert (world.release.phase, world.release.held_by, world.release.reason) == (changing, "nginx", "so")
    with pytest.raises(lifecycle.NotNow, match="held by nginx"):
        lifecycle.demand_no_say(world.release)
    world.nginx_takes = True
    await controller.tick()
    assert (world.release.phase, world.release.held_by) == (done, "")
    decided = list(world.decisions.values())
    assert [one.decision for one in decided] == ["start", name, "hold", done]
    assert "nginx has not taken the split" in decided[-2].why
    assert decided[-1].why == "so"
    assert world.announced == world.decisions.keys()


async def test_an_end_that_cannot_be_written_is_held(world: World) -> None:
    """With the file's reason; mended, it is done."""
    controller = await begun(world, PLAN, replace(FAIL, gates=[{"name": "error_rate"}]))
    text = world.file.read_text()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("service.durable.replace", full)
        await controller.tick()
        await controller.tick()
    assert (world.release.phase, world.release.held_by) == (Phase.ABORTING, "split")
    assert "No space left on device" in world.last.why
    assert world.file.read_text() == text
    await controller.tick()
    assert world.release.phase is Phase.ABORTED
    assert list(world.last.gates) == [{"name": "error_rate"}]
    assert weights(world) == {"model_server": 100, "model_server_new": 0}


@pytest.mark.parametrize(("name", "order", "changing", "done"), ORDERS)
async def test_a_hand_edit_while_a_release_ends_stays_and_is_named(
    world: World, name: str, order: Callable[[Release], Release], changing: Phase, done: Phase
) -> None:
    """The candidate's share is the person's, and the history does not say that it gets nothing."""
    controller = await begun(world)
    world.nginx_takes = False
    await controller.order(order, name, "ann", "so")
    assert world.release.phase is changing
    edit(world, 7, 3)
    world.nginx_takes = True
    await controller.tick()
    assert (world.release.phase, world.release.percent) == (done, 30)
    assert weights(world) == {"model_server": 7, "model_server_new": 3} == world.release.in_file.weights
    assert (world.last.percent, world.last.why) == (
        30,
        "so; nginx/default.conf was edited by hand, and stays so: model_server 7, model_server_new 3",
    )


async def test_a_promotion_that_is_refused_leaves_its_abort_as_the_last_decision(world: World) -> None:
    """With the numbers that led to the promotion; what is shown is not that it is promoted."""
    controller = await begun(world)
    world.refuses, world.nginx_takes = True, False
    await controller.order(lambda release: lifecycle.promote(release, "so"), "promote", "ann", "so")
    assert (world.release.phase, world.last.decision) == (Phase.ABORTING, "abort")


async def test_a_promotion_that_has_not_begun_cannot_be_rolled_back(world: World) -> None:
    """What it would leave is not known; a moment later it can."""
    promoting = lifecycle.promote(a_release(world), "so")
    with pytest.raises(lifecycle.NotNow, match="is promoting"):
        roll_back(promoting)


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


async def test_a_disk_that_is_full_holds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next tick tries again."""
    controller = await begun(world, PLAN, ADVANCE, Judgement("wait", ""))
    with monkeypatch.context() as patched:
        patched.setattr("service.durable.replace", full)
        await controller.tick()
        assert world.release.held_by == "split"
        assert "No space left on device" in world.release.reason
    await controller.tick()
    assert weights(world) == {"model_server": 80, "model_server_new": 20}


async def test_what_is_published_is_not_written_again_and_again(world: World) -> None:
    """A tick at which nothing happens asks the database once."""
    life = Life()
    world.judgements = (Judgement("wait", ""),)
    controller = world.controller(life)
    await controller.begin(a_release(world), "ann")
    calls = life.calls
    for _ in range(3):
        await controller.tick()
    assert life.calls == calls


async def test_where_nothing_is_due_nothing_is_said(world: World) -> None:
    """A release that is held stays so between two looks."""
    controller = await begun(world, PLAN, Judgement("hold", "too few", "too_little"))
    await controller.tick()
    world.judgements = (Judgement("stay", ""),)
    await controller.tick()
    assert world.release.held_by == "too_little"


async def test_the_end_has_the_numbers_of_what_led_to_it(world: World) -> None:
    """So the history shows them beside the end, too."""
    world.judgements = (ADVANCE, replace(FAIL, gates=[{"name": "error_rate"}], queries=["up"]))
    await run_to_its_end(world, Life())
    last = list(world.decisions.values())[-1]
    assert (last.decision, list(last.gates), list(last.queries)) == (
        "aborted",
        [{"name": "error_rate"}],
        ["up"],
    )


async def test_two_releases_of_one_second_are_told_apart(world: World) -> None:
    """Their decisions would have the same names."""
    controller = await begun(world)
    await controller.order(lambda release: lifecycle.abort(release, "so"), "abort", "ann", "so")
    assert world.release.phase is Phase.ABORTED
    with pytest.raises(lifecycle.NotNow, match="try again"):
        await controller.begin(a_release(world), "ann")


async def test_a_release_that_waits_for_approval_can_be_rolled_back(world: World) -> None:
    """Or promoted; numbers that are good, or none, do not decide it."""
    plan = PLAN.model_copy(update={"approval": True})
    for order, phase in [(lifecycle.roll_back, Phase.ABORTED), (lifecycle.promote, Phase.PROMOTED)]:
        world.file.write_text(SPLIT)
        world.state = None
        controller = await begun(world, plan, ADVANCE, ADVANCE)
        for judgement in (*[ADVANCE] * 5, TOO_LITTLE, Judgement("wait", ""), Judgement("stay", "")):
            world.judgements = (ADVANCE, judgement)
            await controller.tick()
        assert (world.release.phase, world.release.held_by) == (Phase.AWAITING_APPROVAL, "")
        await controller.order(lambda release, order=order: order(release, "so"), "so", "ann", "so")  # type: ignore[misc]
        assert world.release.phase is phase


async def test_a_release_that_waits_for_approval_is_taken_back_where_a_gate_fails(world: World) -> None:
    """Nobody may be awake to see it: the guardrail comes first, the approval last."""
    plan = PLAN.model_copy(update={"approval": True})
    controller = await begun(world, plan, ADVANCE, ADVANCE)
    for _ in range(5):
        await controller.tick()
    assert world.release.phase is Phase.AWAITING_APPROVAL
    world.judgements = (ADVANCE, FAIL)
    await controller.tick()
    assert (world.release.phase, world.release.reason) == (Phase.ABORTED, FAIL.why)
    assert weights(world) == {"model_server": 100, "model_server_new": 0}


async def test_only_one_release_runs(world: World) -> None:
    """A second one is refused until the first has ended."""
    controller = await begun(world)
    with pytest.raises(lifecycle.NotNow, match="r1 is running"):
        await controller.begin(a_release(world), "bob")


async def test_what_is_over_cannot_be_ordered(world: World) -> None:
    """The message says what is possible."""
    world.judgements = BAD
    await run_to_its_end(world, Life())
    with pytest.raises(lifecycle.NotNow, match="is aborted and cannot be promoted"):
        await world.controller(Life()).order(
            lambda release: lifecycle.promote(release, "so"), "promote", "ann", "so"
        )


async def test_what_else_the_file_says_stays(world: World) -> None:
    """A shadow, comments and the file's mode are a person's; slots are compared by random draws."""
    shadow = "split_clients $request_id $shadow {\n    25% on;\n    * off;\n}\n"
    world.file.write_text(world.file.read_text() + shadow)
    world.file.chmod(0o640)
    await begun(world)
    text = world.file.read_text()
    assert shadow in text
    assert "random;" in text
    assert "# keep" in text
    assert world.file.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in world.file.parent.iterdir()] == [world.file.name]
