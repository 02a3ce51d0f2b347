"""Services that stop, die or stall while people use the stack."""

import os

import pytest

from tests.stack.client import DETECTORS, SLOTS, Load, answers, query, total, wait_for
from tests.stack.project import run
from tests.stack.running_stack import ComposeStack, RunningStack


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_a_slot_that_goes_fails_no_request(stack: RunningStack, how: str) -> None:
    """The other slot answers what this one had taken, and this one comes back by itself."""
    with Load() as load:
        load.wait_for_answers(30)
        getattr(stack, how)("model_server")
        load.wait_for_answers(30)
        wait_for("the slot again", lambda: answers(f"{SLOTS['model_server']}/readyz"), 60)
        load.slots.clear()
        load.wait_for_answers(40)
    assert set(load.statuses) == {200}, load.statuses
    assert load.slots["model_server"] > 0


def test_mongodb_away_costs_no_prediction(stack: RunningStack) -> None:
    """Predictions go on at their speed, and writing resumes by itself."""
    written = "sum(samples_written_total)"
    with Load() as load:
        load.wait_for_answers(100)
        usual = load.slowest_seconds
        stack.stop("mongodb")
        load.slowest_seconds = 0.0
        load.wait_for_answers(200)
        slowest = load.slowest_seconds
        stack.start("mongodb")
        load.wait_for_answers(50)
    assert set(load.statuses) == {200}, load.statuses
    assert slowest < max(2.0, 5 * usual)
    before = total(written)
    wait_for("samples written again", lambda: total(written) > before, 30)


def test_a_killed_detector_goes_on_where_it_was(stack: RunningStack) -> None:
    """After kill -9 it comes back, and Prometheus sees its last result at once."""
    stack.kill("drift_detector_server")
    wait_for("the detector again", lambda: answers(f"{DETECTORS['model_server']}/readyz"), 90)
    wait_for("its last p-value", lambda: query('drift_p_value{slot="model_server"}'), 30)


if os.environ.get("STACK") == "compose":

    def test_a_recreated_slot_is_found_at_its_new_address(stack: ComposeStack) -> None:
        """A new container, another address: nginx finds it, and no request meets the old one."""
        with Load() as load:
            load.wait_for_answers(30)
            run(
                "docker", "compose", "up", "-d", "--force-recreate", "--no-deps", "--wait", "model_server_new"
            )
            load.slots.clear()
            wait_for("the new container's answers", lambda: load.slots["model_server_new"] > 5, 30)
        assert set(load.statuses) == {200}, load.statuses
