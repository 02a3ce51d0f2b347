"""A candidate on its way into production, by the commands that people use."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from service.slots import CANDIDATE, STABLE
from tests.stack.client import SLOTS, Load, predict, share_of_new, wait_for
from tests.stack.project import PROJECT, attempt, run
from tests.stack.running_stack import RunningStack

SPLIT = PROJECT / "nginx/default.conf"
ROLLBACK_SECONDS = 5


def release(*words: str) -> str:
    """Run one of the release program's commands."""
    return run("python3", "-m", "stack", "release", *words)


def newest() -> dict[str, Any]:
    """Return the newest release."""
    done = attempt("python3", "-m", "stack", "release", "status", "--json")
    found: dict[str, Any] = json.loads(done.stdout)["release"] if done.returncode == 0 else {}
    return found


def phase() -> str:
    return str(newest().get("phase"))


def decided(name: str) -> list[str]:
    """Return a release's decisions, the first one first; whether it held was this machine's speed."""
    found = json.loads(release("history", "--json", "--limit", "1000"))
    decisions = [one["decision"] for one in reversed(found) if one["release"] == name]
    return [one for one in decisions if one not in {"hold", "go_on"}]


def model_of(slot: str) -> str:
    """Return the model that a slot answers with."""
    return predict(SLOTS[slot]).headers["x-model"]


@pytest.fixture(autouse=True)
def _left_as_it_was(stack: RunningStack) -> Iterator[None]:
    """Leave the split and the stable slot's model to the next test as they were."""
    shipped, model = SPLIT.read_text(), model_of(STABLE)
    yield
    if phase() in {"running", "paused"}:
        release("canary", "abort")
    if model_of(STABLE) != model:
        release("rollback")
    SPLIT.write_text(shipped)
    wait_for("the shipped split again", lambda: share_of_new() == 0.5, 10)


def test_a_candidate_is_promoted_by_its_plan_and_taken_back(stack: RunningStack) -> None:
    """Killed on the way, the controller goes on; nobody misses an answer, each decision is made once."""
    old, new = model_of(STABLE), model_of(CANDIDATE)
    with Load(clients=2) as load:
        release("canary", "start", "--plan", "quick", "--why", "a test")
        name = newest()["_id"]
        wait_for("the second step", lambda: newest().get("step") == 1, 90)
        stack.kill("release")
        wait_for("the promotion", lambda: phase() == "promoted", 120)
        assert model_of(STABLE) == new
        assert decided(name) == ["start", "advance", "promote", "promoted"]
        began = time.monotonic()
        assert "Done after" in release("rollback", "--why", "a test")
        seconds = time.monotonic() - began
        assert model_of(STABLE) == old
    print(f"rolled back after {seconds:.1f} s, by {load.statuses.total()} requests")
    assert set(load.statuses) == {200}, load.statuses
    assert seconds < ROLLBACK_SECONDS
    assert decided(name)[-2:] == ["rollback", "rolled_back"]


def test_a_promotion_is_whole_though_the_controller_is_killed_in_it(stack: RunningStack) -> None:
    """In the very order; it is finished by who comes after, and can be taken back."""
    new = model_of(CANDIDATE)
    release("canary", "start", "--plan", "patient")
    ordered = threading.Thread(
        target=attempt, args=("python3", "-m", "stack", "release", "canary", "promote")
    )
    with Load(clients=1) as load:
        ordered.start()
        wait_for("the promotion's begin", lambda: phase() in {"promoting", "promoted"}, 30)
        stack.kill("release")
        ordered.join()
        wait_for("its end", lambda: phase() == "promoted", 120)
    assert set(load.statuses) == {200}, load.statuses
    assert model_of(STABLE) == new
    assert share_of_new() == 0


def test_a_hand_edit_pauses_a_release_until_somebody_resumes_it(stack: RunningStack) -> None:
    """The person's split stays meanwhile; an abort takes all traffic from the candidate."""
    release("canary", "start", "--plan", "patient")
    assert "weight=70" in SPLIT.read_text()
    SPLIT.write_text(SPLIT.read_text().replace("weight=70", "weight=60"))
    wait_for("the pause", lambda: phase() == "paused", 15)
    assert "weight=60" in SPLIT.read_text()
    assert "edited by hand" in release("status")
    release("canary", "resume")
    assert "weight=70" in SPLIT.read_text()
    release("canary", "abort", "--why", "a test")
    wait_for("no traffic of the candidate's", lambda: share_of_new() == 0, 10)


def test_what_cannot_be_done_is_one_line(stack: RunningStack) -> None:
    """With exit code 1."""
    done = attempt("python3", "-m", "stack", "release", "canary", "start", "--plan", "unknown")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("plan.toml has no plan 'unknown'; it has classic, default, ")
