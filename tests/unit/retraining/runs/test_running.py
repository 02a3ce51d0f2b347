"""retraining/runs: a run goes on at its step, however often it is killed, and there is one at a time."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from retraining.runs.folder import AnotherRun, Runs
from retraining.runs.run import Outcome, Run
from retraining.runs.running import Do, Done, Ends, NotNow, Running, Waits

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


class Clock:
    """Goes a second further each time that it is asked."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "runs")


def running(runs: Runs, steps: list[tuple[str, Do]], tell: Callable[[Run], None] = lambda _: None) -> Running:
    return Running(runs, steps, tell, Clock())


def done(_: Run) -> Done:
    return Done({"n": 1})


def ends(_: Run) -> Ends:
    return Ends(Outcome.PROMOTED, "it is better", {})


def go_on(running: Running) -> None:
    while running.go_on():
        pass


def test_steps_are_done_in_their_order_and_then_people_are_told(runs: Runs) -> None:
    """Each once, with what it found out."""
    called: list[str] = []

    def first(_: Run) -> Done:
        called.append("first")
        return Done({"found": 5})

    def second(run: Run) -> Ends:
        called.append("second")
        return Ends(Outcome.PROMOTED, f"found {run.result('first')['found']}", {})

    runs.begin("asked", "me", "why not", NOON)
    go_on(running(runs, [("first", first), ("second", second)], lambda run: called.append(run.reason)))
    (run,) = runs.all()
    assert called == ["first", "second", "found 5"]
    assert (run.outcome, run.told) == (Outcome.PROMOTED, True)
    assert runs.open() is None


@pytest.mark.parametrize("place", ["before", "within", "after", "telling"])
def test_killed_anywhere_it_goes_on_at_its_step(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """What is done is not done again."""
    called: list[str] = []
    deaths = iter([True])

    def die() -> None:
        if next(deaths, False):
            raise Killed

    def first(_: Run) -> Done:
        called.append("first")
        return Done({})

    def second(_: Run) -> Ends:
        if place == "within":
            die()
        called.append("second")
        return Ends(Outcome.PROMOTED, "", {})

    def tell(_: Run) -> None:
        if place == "telling":
            die()
        called.append("told")

    save = runs.save

    def dying_save(run: Run) -> None:
        if place == "before" and "second" in run.steps:
            die()
        save(run)
        if place == "after" and run.outcome:
            die()

    monkeypatch.setattr(runs, "save", dying_save)
    runs.begin("asked", "me", "", NOON)
    steps: list[tuple[str, Do]] = [("first", first), ("second", second)]
    with pytest.raises(Killed):
        go_on(running(runs, steps, tell))
    go_on(running(runs, steps, tell))
    assert called == ["first", "second", "told"]


def test_a_step_that_waits_is_asked_again_later(runs: Runs) -> None:
    """What it waits for is there to be read, and nothing is written meanwhile."""
    answers: Iterator[Waits | Ends] = iter([Waits("5 of 9"), Waits("5 of 9"), Ends(Outcome.PROMOTED, "", {})])
    runs.begin("asked", "me", "", NOON)
    runner = running(runs, [("collect", lambda _: next(answers))])
    assert not runner.go_on()
    (run,) = runs.all()
    assert run.steps["collect"].waits_for == "5 of 9"
    assert not runner.go_on()
    assert runner.go_on()
    assert runs.all()[0].steps["collect"].waits_for is None


def test_a_step_that_fails_three_times_ends_the_run(runs: Runs) -> None:
    """With its fault; who needs what is away waits for it, however long."""
    faults = iter([NotNow("away"), ValueError("a"), NotNow("away"), ValueError("b"), ValueError("c")])

    def step(_: Run) -> Done:
        raise next(faults)

    runs.begin("asked", "me", "", NOON)
    runner = running(runs, [("train", step)])
    for _ in range(4):
        assert not runner.go_on()
    assert runner.go_on()
    (run,) = runs.all()
    assert run.outcome is Outcome.FAILED
    assert "'train' failed 3 times: ValueError: c" in run.reason


def test_a_run_ends_where_a_step_says_so(runs: Runs) -> None:
    """A data set that is refused is not learnt."""
    runs.begin("asked", "me", "", NOON)
    refused = Ends(Outcome.DATA_REFUSED, "labels are wrong", {"share": 0.3})
    go_on(running(runs, [("check", lambda _: refused), ("train", lambda _: pytest.fail("trained"))]))
    (run,) = runs.all()
    assert (run.outcome, run.reason) == (Outcome.DATA_REFUSED, "labels are wrong")
    assert run.result("check") == {"share": 0.3}


def test_while_nobody_can_be_told_the_run_stays_open(runs: Runs) -> None:
    """The message is not lost, and no other run begins."""
    answers = iter([NotNow("away"), None])

    def tell(_: Run) -> None:
        if answer := next(answers):
            raise answer

    runs.begin("asked", "me", "", NOON)
    runner = running(runs, [("decide", ends)], tell)
    assert runner.go_on()
    assert not runner.go_on()
    assert runs.open() is not None
    assert runner.go_on()
    assert runs.open() is None


def test_there_is_one_run_at_a_time(runs: Runs) -> None:
    """Who comes second hears who was first."""
    runs.begin("asked", "me", "why not", NOON)
    with pytest.raises(AnotherRun, match="begun by me: why not"):
        runs.begin("schedule", "the clock", "", NOON + timedelta(days=2))
    go_on(running(runs, [("decide", ends)]))
    runs.begin("schedule", "the clock", "", NOON + timedelta(days=2))
    assert [run.trigger for run in runs.all()] == ["schedule", "asked"]


@pytest.mark.parametrize("content", [b"", b"{", b'{"id": "x"}'])
def test_a_run_that_cannot_be_read_is_passed_over(runs: Runs, content: bytes) -> None:
    """The others are still shown, and another one can begin."""
    damaged = runs.begin("asked", "ann", "", NOON)
    (runs.path(damaged.id) / "run.json").write_bytes(content)
    run = runs.begin("asked", "bob", "", NOON + timedelta(seconds=1))
    assert [one.id for one in runs.all()] == [run.id]


def test_a_run_begun_after_the_clock_has_gone_back_is_gone_on_with(runs: Runs) -> None:
    """It is not the newest one by its name, and it is the one under way."""
    first = runs.begin("asked", "ann", "", NOON)
    runs.save(first.model_copy(update={"told": True, "outcome": Outcome.FAILED}))
    second = runs.begin("asked", "bob", "", NOON - timedelta(hours=1))
    assert runs.open() == second
    with pytest.raises(AnotherRun):
        runs.begin("asked", "eve", "", NOON - timedelta(minutes=1))


def test_a_person_stops_a_run_where_it_waits(runs: Runs) -> None:
    """It would wait for ever; who stopped it, and why, stands in it."""
    run = runs.begin("asked", "me", "", NOON)
    runner = running(runs, [("collect", lambda _: Waits("for ever")), ("train", done)])
    assert not runner.go_on()
    runs.stop(run.id, "ann", "the wrong plan")
    go_on(runner)
    (run,) = runs.all()
    assert (run.outcome, run.reason) == (Outcome.STOPPED, "stopped by ann: the wrong plan")
    assert runs.open() is None


def test_a_full_disk_is_waited_out(runs: Runs) -> None:
    """It is no fault of the run's."""
    faults = iter([OSError("No space left on device")] * 5)

    def step(run: Run) -> Ends:
        if fault := next(faults, None):
            raise fault
        return ends(run)

    runs.begin("asked", "me", "", NOON)
    runner = running(runs, [("collect", step)])
    for _ in range(5):
        assert not runner.go_on()
    assert runner.go_on()
    assert runs.all()[0].outcome is Outcome.PROMOTED
