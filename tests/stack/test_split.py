"""Editing `nginx/default.conf` while people use the stack."""

import time

from tests.stack.client import Load, edited_split, share_of_new, wait_for
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
