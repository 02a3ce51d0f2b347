"""Orders about the traffic: split, swap, shadow, each confirmed from what users are served."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from service.slots import CANDIDATE, STABLE
from tests.stack.client import NGINX, Load, predict, share_of_new, total, wait_for
from tests.stack.project import NAME, PROJECT, attempt, run
from tests.stack.running_stack import RunningStack

SPLIT_FILE = PROJECT / "nginx/default.conf"
STRANGE = "another-token-of-nobody"
TOLD = f"--env=RELEASE_TOKEN={STRANGE}"
IN_CONTAINER = ("docker", "compose", "exec", "-T", TOLD, "release", "python", "-m")
OF_A_STRANGER = (*(IN_CONTAINER if NAME == "compose" else ("python3", "-m", "stack")), "release")


def order(*words: str) -> str:
    """Give the release program's command, and return what it prints."""
    return run("python3", "-m", "stack", "release", *words, RELEASE_WHO="ann")


@pytest.fixture
def shipped(stack: RunningStack) -> Iterator[RunningStack]:
    """The stack, whose split is put back as it was shipped."""
    before = SPLIT_FILE.read_text()
    yield stack
    SPLIT_FILE.write_text(before)
    wait_for("the shipped split again", lambda: share_of_new() == 0.5, 15)


def test_a_split_is_confirmed_from_what_is_served(shipped: RunningStack) -> None:
    """Under load, by one command, and nobody goes without an answer; 100 to 0 is one like others."""
    with Load(keep_alive=True) as load:
        load.wait_for_answers(20)
        for words in (("80", "20"), ("0", "100"), ("100", "0")):
            printed = order("split", *words, "--why", "friday", "--wait", "60")
            assert "Confirmed" in printed, printed
    assert set(load.statuses) == {200}, load.statuses
    assert share_of_new() == 0
    assert "server model_server_new:8000  down  max_fails" in SPLIT_FILE.read_text()
    assert "friday" in order("history", "--limit", "3")


def test_without_traffic_a_split_is_not_confirmed(shipped: RunningStack) -> None:
    """It is in effect, and nothing more is claimed."""
    printed = order("split", "80", "20", "--wait", "2")
    assert "too little traffic to confirm" in printed
    assert "Confirmed" not in printed


def test_a_swap_loses_no_request(shipped: RunningStack) -> None:
    """Sixteen busy connections see production change, there and back; the tested slot changes with it."""
    order("split", "100", "0", "--wait", "1")
    with Load(clients=16, keep_alive=True) as load:
        load.wait_for_answers(50)
        assert "Confirmed" in order("swap", "--wait", "60")
        assert predict(f"{NGINX}/test").headers["x-slot"] == STABLE
        assert json.loads(order("which", "--json"))["production"] == CANDIDATE
        load.slots.clear()
        load.wait_for_answers(50)
        assert set(load.slots) == {CANDIDATE}
        assert "Confirmed" in order("swap", "--wait", "60")
    assert predict(f"{NGINX}/test").headers["x-slot"] == CANDIDATE
    assert set(load.statuses) == {200}, load.statuses


def test_test_traffic_has_a_log_of_its_own(shipped: RunningStack) -> None:
    """A request of either kind stands in one of the two."""
    wanted = {path: f"{uuid4().hex}" for path in ("", "/test")}
    for path, request_id in wanted.items():
        predict(f"{NGINX}{path}", headers={"X-Request-ID": request_id})
    wait_for("the test's line", lambda: wanted["/test"] in shipped.test_log(), 5)
    wait_for("the user's line", lambda: wanted[""] in shipped.logs("nginx"), 5)
    assert wanted[""] not in shipped.test_log()
    assert wanted["/test"] not in shipped.logs("nginx")


def shadow_pairs() -> int:
    """Return how many pairs the newest two packages have."""
    report: dict[str, Any] = json.loads(order("shadow", "report", "--json"))
    return sum(one["pairs"] for one in report["comparisons"][:1])


def test_a_shadows_answers_are_compared_and_reach_nobody(shipped: RunningStack) -> None:
    """Pairs, disagreements and distances show on the route and in the metrics."""
    order("split", "100", "0", "--wait", "1")
    before, counted = shadow_pairs(), total("shadow_pairs_total")
    order("shadow", "100")
    with Load() as load:
        load.wait_for_answers(60)
        order("shadow", "off")
    assert set(load.slots) == {STABLE}
    assert set(load.statuses) == {200}, load.statuses
    wait_for("pairs", lambda: shadow_pairs() >= before + 20, 60)
    [newest, *_] = json.loads(order("shadow", "report", "--json"))["comparisons"]
    assert 0 <= newest["disagreement_rate"] <= 1
    assert newest["mean_probability_distance"] > 0
    assert newest["production"]["sha256"] != newest["candidate"]["sha256"]
    assert sum(cell["pairs"] for cell in newest["confusion"]) + newest["pairs_elsewhere"] == newest["pairs"]
    wait_for("pairs in Prometheus", lambda: total("shadow_pairs_total") >= counted + 20, 30)
    assert total("shadow_probability_distance_sum") > 0


def test_an_order_without_the_token_changes_nothing(shipped: RunningStack) -> None:
    """And says so in a line."""
    before = SPLIT_FILE.read_text()
    refused = attempt(*OF_A_STRANGER, "split", "80", "20", RELEASE_TOKEN=STRANGE)
    assert refused.returncode == 1
    assert "token" in refused.stderr
    assert SPLIT_FILE.read_text() == before
