"""Services that stop, die or stall while people use the stack."""

import os
from functools import partial

import pytest

from tests.robustness.traffic import Clients
from tests.robustness.wire import Address, upload
from tests.stack.client import DETECTORS, NGINX, SLOTS, Load, answers, images, query, total, wait_for
from tests.stack.project import run
from tests.stack.running_stack import ComposeStack, RunningStack

MANY = 64  # connections at once


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_a_slot_that_goes_fails_no_request(stack: RunningStack, how: str) -> None:
    """The other slot answers what this one had taken, and this one comes back by itself."""
    with Load(MANY) as load:
        load.wait_for_answers(2 * MANY)
        getattr(stack, how)("model_server")
        load.wait_for_answers(2 * MANY)
        wait_for("the slot again", lambda: answers(f"{SLOTS['model_server']}/readyz"), 60)
        load.slots.clear()
        wait_for("its answers again", lambda: load.slots["model_server"] > 5, 30)
    assert set(load.statuses) == {200}, load.statuses


def test_slots_that_restart_one_after_the_other_fail_no_request(stack: RunningStack) -> None:
    """While one is away the other one answers, also when nginx has just left it out."""
    with Load(MANY) as load:
        load.wait_for_answers(MANY)
        for slot, url in SLOTS.items():
            stack.restart(slot)
            wait_for(f"{slot} again", partial(answers, f"{url}/readyz"), 60)
        load.wait_for_answers(2 * MANY)
    assert set(load.statuses) == {200}, load.statuses


def patient_clients() -> Clients:
    """Return clients that give a slot the time to start."""
    photos = [upload(data) for data in images("test")]
    return Clients(Address.of(NGINX), MANY, lambda random: random.choice(photos), patience_seconds=60)


def wait_for_answers(clients: Clients, count: int = 2 * MANY) -> None:
    target = clients.outcomes.total + count
    wait_for(f"{count} answers under load", lambda: clients.outcomes.total >= target, 60)


def test_both_slots_away_for_a_moment_fail_no_request(stack: RunningStack) -> None:
    """What comes meanwhile waits in nginx, and is answered when the first one is back."""
    with patient_clients() as clients:
        wait_for_answers(clients)
        for slot in SLOTS:
            stack.stop(slot)
        for slot in SLOTS:
            stack.start(slot)
        wait_for_answers(clients)
    print(clients.outcomes.as_json())
    assert clients.outcomes.lost == 0, clients.outcomes.counts


def test_a_reload_of_nginx_fails_no_request(stack: RunningStack) -> None:
    """Its old processes finish what they have begun."""
    with Load(MANY) as load:
        for _ in range(3):
            load.wait_for_answers(MANY)
            stack.send_sighup("nginx")
        load.wait_for_answers(2 * MANY)
    assert set(load.statuses) == {200}, load.statuses


def test_a_slot_that_hangs_fails_no_request_and_is_left_out(stack: RunningStack) -> None:
    """The other one answers what it had taken; later requests do not wait for it; it takes part again."""
    with Load(MANY) as load:
        load.wait_for_answers(2 * MANY)
        with stack.paused("model_server"):
            wait_for("requests that met it", lambda: load.slowest_seconds > 2.5, 15)
            load.wait_for_answers(MANY)
            load.slots.clear()
            load.wait_for_answers(3 * MANY)
            assert set(load.slots) == {"model_server_new"}
        wait_for("its answers again", lambda: load.slots["model_server"] > 5, 30)
    assert set(load.statuses) == {200}, load.statuses
    assert load.slowest_seconds < 10


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

    def test_a_changed_setting_fails_no_request(stack: ComposeStack) -> None:
        """Compose stops both slots before it starts either."""
        before = {slot: stack.container(slot) for slot in SLOTS}
        with patient_clients() as clients:
            wait_for_answers(clients)
            run("docker", "compose", "up", "-d", *stack.services, SAMPLE_QUEUE_SIZE="1001")
            wait_for_answers(clients)
        print(clients.outcomes.as_json())
        assert clients.outcomes.lost == 0, clients.outcomes.counts
        assert all(stack.container(slot) != before[slot] for slot in SLOTS)
