"""Editing `nginx/default.conf` while people use the stack."""

import time
from decimal import Decimal

import pytest

from proxy.routing import Routing, written
from service.slots import CANDIDATE, STABLE
from tests.stack.client import NGINX, Load, edited_split, predict, share_of_new, total, wait_for
from tests.stack.project import PROJECT
from tests.stack.running_stack import PlainStack, RunningStack

EQUAL = "server model_server_new:8000  weight=1"
NINE_TO_ONE = "server model_server_new:8000  weight=9"


def test_a_saved_edit_counts_within_three_seconds(stack: RunningStack) -> None:
    """No command is needed, only the editor's save."""
    with edited_split(EQUAL, NINE_TO_ONE):
        started = time.monotonic()
        wait_for("nine of ten go to the new slot", lambda: share_of_new() == 0.9, 5)
        delay = time.monotonic() - started
    print(f"split edit in effect after {delay:.1f} s")
    assert delay < 3
    wait_for("the shipped split again", lambda: share_of_new() == 0.5, 5)


def test_a_wrong_edit_changes_nothing_and_says_why(stack: RunningStack) -> None:
    """The old split stays in effect; the log names the mistake."""
    service = "nginx_watcher" if isinstance(stack, PlainStack) else "nginx"
    before = len(stack.logs(service))
    with edited_split(EQUAL, "server model_server_new:8000  weight=none"):
        wait_for("the reason in the log", lambda: "invalid parameter" in stack.logs(service)[before:], 5)
        assert share_of_new() == 0.5
        assert "reloaded" not in stack.logs(service)[before:]
    wait_for("the mended file read", lambda: "reloaded" in stack.logs(service)[before:], 5)
    # Once more, as nginx's old processes may still take a request after the signal to reload.
    wait_for("the shipped split again", lambda: share_of_new() == 0.5, 5)


@pytest.mark.parametrize(
    ("old", "new"),
    [("upstream split", "upstream spilt"), ("server model_server_new:8000", "server model_server_old:8000")],
)
def test_a_split_that_would_lose_requests_changes_nothing_and_says_why(
    stack: RunningStack, old: str, new: str
) -> None:
    """nginx itself would accept it, so what renders it says so."""
    before = len(stack.logs("nginx_config"))
    with Load() as load, edited_split(old, new):
        why = "the edit is wrong, the old split stays in effect"
        wait_for("the reason in the log", lambda: why in stack.logs("nginx_config")[before:], 5)
        load.wait_for_answers(20)
    assert set(load.statuses) == {200}, load.statuses
    assert share_of_new() == 0.5


def test_without_what_renders_predictions_go_on(stack: RunningStack) -> None:
    """It is started again, and then an edit counts as ever."""
    with Load() as load:
        load.wait_for_answers(20)
        stack.kill("nginx_config")
        load.wait_for_answers(40)
    assert set(load.statuses) == {200}, load.statuses
    with edited_split(EQUAL, NINE_TO_ONE):
        wait_for("nine of ten go to the new slot", lambda: share_of_new(10) >= 0.9, 15)
    wait_for("the shipped split again", lambda: share_of_new() == 0.5, 5)


def test_changing_the_split_fails_no_request(stack: RunningStack) -> None:
    """Under load, there and back, every request is answered."""
    with Load() as load:
        load.wait_for_answers(20)
        with edited_split(EQUAL, NINE_TO_ONE):
            time.sleep(3)  # the time within which it has to count
            load.slots.clear()
            load.wait_for_answers(40)
            assert load.slots["model_server_new"] > load.slots["model_server"] * 4
        load.wait_for_answers(40)
    assert set(load.statuses) == {200}, load.statuses


COPIES = f'nginx_responses_total{{kind="shadow",slot="{CANDIDATE}",status="200"}}'


def test_the_slot_that_gets_nothing_is_tested_forced_and_shadowed(stack: RunningStack) -> None:
    """Its copies are answered and counted, while users see production alone."""
    shipped = (PROJECT / "nginx/default.conf").read_text()
    before = total(COPIES)
    with edited_split(
        shipped, written(shipped, Routing({STABLE: 1, CANDIDATE: 0}, shadow_percent=Decimal(100)))
    ):
        wait_for("all to production", lambda: share_of_new() == 0, 5)
        assert predict(f"{NGINX}/test").headers["x-slot"] == CANDIDATE
        assert predict(headers={"X-Slot": CANDIDATE}).headers["x-slot"] == CANDIDATE
        with Load() as load:
            wait_for("the candidate's answers to copies", lambda: total(COPIES) > before, 30)
        assert set(load.slots) == {STABLE}
        assert set(load.statuses) == {200}, load.statuses
    wait_for("the shipped split again", lambda: share_of_new() == 0.5, 5)


def test_an_experiments_visitor_stays_on_one_slot(stack: RunningStack) -> None:
    """Until it ends."""
    shipped = (PROJECT / "nginx/default.conf").read_text()
    visits = {"X-User-Id": "u-1"}

    def stays() -> bool:
        return len({predict(headers=visits).headers["x-slot"] for _ in range(8)}) == 1

    with edited_split(shipped, written(shipped, Routing({STABLE: 1, CANDIDATE: 1}, experiment="fruit-2"))):
        wait_for("one slot for one visitor", stays, 5)
        assert "visitor=" in predict().headers["set-cookie"]
    wait_for("the shipped split again", lambda: not stays(), 5)
