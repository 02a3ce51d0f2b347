"""A slot with several model servers."""

import os
import time

from tests.stack.client import Load, edited_split, predict, share_of_new, total, wait_for
from tests.stack.project import attempt
from tests.stack.running_stack import ComposeStack, PlainStack, RunningStack

EQUAL = "server model_server:8000      weight=1"
NINE_TO_ONE = "server model_server:8000      weight=9"


def serving(slot: str) -> float:
    """Return how many of a slot's replicas Prometheus sees answering predictions."""
    return total(f'count(sum by (instance) (rate(predictions_total{{slot="{slot}"}}[15s])) > 0)')


def test_the_split_is_between_slots_whatever_their_replicas(stack: RunningStack) -> None:
    """Two replicas on one side leave equal shares equal, and nine to one nine to one."""
    stack.scale(2)
    try:
        wait_for("equal shares", lambda: share_of_new() == 0.5, 20)
        with edited_split(EQUAL, NINE_TO_ONE):
            wait_for("nine of ten go to the stable slot", lambda: share_of_new() == 0.1, 10)
        wait_for("the shipped split again", lambda: share_of_new() == 0.5, 10)

        def both_asked() -> bool:
            predict()
            return serving("model_server") == 2

        wait_for("predictions of both replicas in Prometheus", both_asked, 30)
        if isinstance(stack, PlainStack):
            shown = attempt("python3", "-m", "stack", "status", MODEL_SERVER_REPLICAS="2").stdout
            assert "model_server, replica 2" in shown
    finally:
        stack.scale(1)


if os.environ.get("STACK") == "compose":

    def test_replicas_come_and_go_without_a_failed_request(stack: ComposeStack) -> None:
        """From one to three and back under load: nginx and Prometheus find them within seconds."""
        with Load() as load:
            load.wait_for_answers(30)
            stack.scale(3)
            started = time.monotonic()
            wait_for("predictions of three replicas", lambda: serving("model_server") == 3, 30)
            print(
                f"three replicas answered and scraped {time.monotonic() - started:.1f} s after being healthy"
            )
            load.slots.clear()
            load.wait_for_answers(80)
            share = load.slots["model_server_new"] / load.slots.total()
            stack.scale(1)
            wait_for(
                "one replica", lambda: total('count(up{slot="model_server",job="model_server"})') == 1, 30
            )
            load.wait_for_answers(30)
        assert set(load.statuses) == {200}, load.statuses
        assert 0.4 < share < 0.6
