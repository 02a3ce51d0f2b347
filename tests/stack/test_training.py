"""Training beside the stack that runs: records are kept or refused, counted, and compared; then it goes."""

import os
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from grafana.viewer.queries import PanelQuery, iter_queries
from service.slots import STABLE
from stack.published import TRAINING
from tests.cleartext import NO_TLS
from tests.rules import rule_expressions
from tests.stack.client import TIMEOUT_SECONDS, WORLD, query, total, wait_for
from tests.stack.project import PROJECT
from tests.stack.running_stack import OF_TRAINING, ComposeStack, RunningStack
from tests.stack.test_footprint import LIMIT_BYTES, check_confined

SCRAPED = f'up{{slot="{TRAINING}"}}'
OUTCOMES = ("stored", "rejected")
ENOUGH = 200  # so many records the z-score wants of the stream
PANEL_QUERIES = list(iter_queries(PROJECT / "grafana/dashboards/training.json"))


@pytest.fixture(scope="module")
def training(running: RunningStack) -> Iterator[RunningStack]:
    """The stack with the training stream and the retraining; without them again for those who come after."""
    running.train()
    # Since now: a Prometheus that was stopped shows what it knew for five minutes more.
    scraped = f"count({SCRAPED} == 1 and timestamp({SCRAPED}) > {time.time()})"
    wait_for("every program scraped", lambda: total(scraped) == len(OF_TRAINING) - 1, 60)
    yield running
    running.rest()
    wait_for("nothing of training in Prometheus", lambda: not query(SCRAPED), 60)


@pytest.fixture(scope="module")
def flowing(training: RunningStack) -> Iterator[None]:
    """A world that sends fifty records a second, a third of them damaged, until all tests have looked."""
    change_world(rate=50, damage=0.3)
    yield
    change_world(rate=0)


def change_world(**conditions: float) -> dict[str, Any]:
    """Change the producer's world, and return how it is."""
    response = httpx.put(WORLD, json=conditions, timeout=TIMEOUT_SECONDS, verify=NO_TLS)
    assert response.is_success, response.text
    document: dict[str, Any] = response.json()
    return document


def world() -> dict[str, Any]:
    """Return how the producer's world is, and how much it has made."""
    document: dict[str, Any] = httpx.get(WORLD, timeout=TIMEOUT_SECONDS, verify=NO_TLS).json()
    return document


def counted() -> dict[str, float]:
    """Return how many records Prometheus knows of, by outcome."""
    return {one: total(f'collector_records_total{{outcome="{one}"}}') for one in OUTCOMES}


@pytest.mark.usefixtures("training")
def test_records_are_stored_and_the_damaged_ones_refused() -> None:
    """What the world has damaged is what was refused, to a record, when all has come."""
    before, made_before = counted(), world()
    change_world(rate=50, damage=0.3)

    def grown(outcome: str) -> float:
        return counted()[outcome] - before[outcome]

    wait_for("stored and refused records", lambda: all(map(grown, OUTCOMES)), 30)
    change_world(rate=0)

    def all_came() -> bool:
        now = world()
        made, damaged = (float(now[one] - made_before[one]) for one in ("made", "damaged"))
        # Examples that the retraining imports at its first start are stored too.
        return grown("rejected") == damaged and grown("stored") >= made - damaged

    wait_for("all that was made in one of the two counts", all_came, 30)


@pytest.mark.usefixtures("traffic", "flowing")
def test_a_slots_inputs_are_compared_with_the_stream() -> None:
    """Once enough of its records were counted; the stable slot's, as the stream looks with its package."""
    wait_for("records counted", lambda: total("stream_records_observed_total") >= ENOUGH, 40)
    expression = f'slot_feature:z_score{{slot="{STABLE}",against="stream"}}'
    wait_for("z-scores against the stream", lambda: query(expression), 30)


@pytest.mark.usefixtures("flowing")
@pytest.mark.parametrize("panel_query", PANEL_QUERIES, ids=lambda one: f"{one.panel}: {one.legend}")
def test_every_panels_query_has_an_answer(panel_query: PanelQuery) -> None:
    """What Grafana would ask gives series."""
    wait_for(f"an answer to {panel_query.expression}", lambda: query(panel_query.expression), 60)


@pytest.mark.usefixtures("flowing")
@pytest.mark.parametrize(("name", "expression"), rule_expressions(TRAINING), ids=lambda text: text[:50])
def test_every_rule_has_a_value(name: str, expression: str) -> None:
    """What a rule looks at exists."""
    wait_for(f"an answer to {name}: {expression}", lambda: query(expression), 60)


@pytest.mark.usefixtures("flowing")
def test_with_training_the_stack_stays_below_three_gigabytes(training: RunningStack) -> None:
    """All services together, Kafka among them, while records flow."""
    used = training.memory_bytes()
    for service in OF_TRAINING:
        print(f"{service:<28} {used[service] / 2**20:7.0f} MiB")
    print(f"{'together':<28} {sum(used.values()) / 2**20:7.0f} MiB")
    assert sum(used.values()) < LIMIT_BYTES


if os.environ.get("STACK") == "compose":

    def test_the_containers_of_training_may_do_little(training: ComposeStack) -> None:
        """As all others."""
        for service in OF_TRAINING:
            check_confined(training, service)
