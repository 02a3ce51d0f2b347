"""Whose request it is decides which slot gets it, what that is told, and where it is logged and counted."""

import json
import subprocess
from collections import Counter
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from proxy.routing import checksum
from tests.cleartext import NO_TLS
from tests.unit.proxy.conftest import Stack, nginx_of, wait_for
from tests.unit.proxy.test_split import CANDIDATE, STABLE


def ask(stack: Stack, path: str = "/predict", **headers: str) -> httpx.Response:
    written = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(f"{stack.url(80)}{path}", content=b"image", headers=written, verify=NO_TLS)


def slots_asked(stack: Stack, count: int) -> list[str]:
    return [ask(stack).headers["X-Slot"] for _ in range(count)]


def test_shares_are_drawn_where_the_split_says_so(stopped: Stack) -> None:
    """The shares are the weights', and who asks in a rhythm does not always meet the same slot."""
    stopped.route({STABLE: 3, CANDIDATE: 1}, draws=True)
    with nginx_of(stopped) as stack:
        asked = slots_asked(stack, 400)
    assert 60 <= asked.count(CANDIDATE) <= 140  # 100 expected, 4.6 standard deviations either way
    in_rhythm = [Counter(asked[start::4])[CANDIDATE] for start in range(4)]
    assert min(in_rhythm) > 0


@pytest.mark.parametrize(("weights", "slot"), [((100, 0), STABLE), ((0, 100), CANDIDATE)])
def test_all_to_one_slot_is_a_split_too(stopped: Stack, weights: tuple[int, int], slot: str) -> None:
    """Drawn or in turn, with an experiment and without."""
    for draws in (True, False):
        for experiment in (None, "x"):
            both = dict(zip((STABLE, CANDIDATE), weights, strict=True))
            stopped.route(both, draws=draws, experiment=experiment)
            with nginx_of(stopped) as stack:
                assert set(slots_asked(stack, 8)) == {slot}


@pytest.mark.parametrize(
    ("weights", "production"), [((100, 0), STABLE), ((0, 100), CANDIDATE), ((1, 1), STABLE)]
)
def test_a_test_goes_to_the_slot_that_is_not_production(
    stopped: Stack, weights: tuple[int, int], production: str
) -> None:
    """Whatever its weight, without the prefix, and it says so."""
    stopped.route(dict(zip((STABLE, CANDIDATE), weights, strict=True)))
    (tested,) = {STABLE, CANDIDATE} - {production}
    with nginx_of(stopped) as stack:
        asked = [
            "/test/predict",
            "/test/predict?a=b%20c",
            "/test/v2/models/m/infer",
            "//test//predict",
            "/test/",
        ]
        assert {ask(stack, path).headers["X-Slot"] for path in asked} == {tested}
        slot = stack.slots[tested]
        assert slot.paths == ["/predict", "/predict?a=b%20c", "/v2/models/m/infer", "/predict", "/"]
        assert slot.traffic == [["test"]] * 5
        assert not stack.slots[production].paths


def test_a_swap_moves_production_and_test_and_loses_nothing(stack: Stack) -> None:
    """By a reload, there and back; a connection that is kept is answered all the while."""
    with httpx.Client(base_url=stack.url(80)) as kept:
        for production, other in ((CANDIDATE, STABLE), (STABLE, CANDIDATE)):
            stack.route({production: 100, other: 0})
            stack.reload()
            assert {kept.post("/predict", content=b"x").status_code for _ in range(6)} == {200}
            assert set(slots_asked(stack, 4)) == {production}
            assert {ask(stack, "/test/predict").headers["X-Slot"] for _ in range(4)} == {other}


@pytest.mark.parametrize(("path", "headers"), [("/test/predict", {}), ("/predict", {"X_Slot": CANDIDATE})])
def test_a_tested_or_forced_slot_that_is_away_is_a_502(
    stack: Stack, path: str, headers: dict[str, str]
) -> None:
    """The other one does not answer in its place."""
    stack.slots[CANDIDATE].stop()
    answer = ask(stack, path, X_Request_ID="r", **headers)
    assert (answer.status_code, answer.json()["request_id"]) == (502, "r")
    assert not stack.slots[STABLE].seen


@pytest.mark.parametrize(
    "path",
    ["/test/metrics", "/test/v2/repository/index", "/test/%6detrics", "/_nginx/shadow", "/_nginx/copy"],
)
def test_what_is_closed_is_closed_below_test_too(stack: Stack, path: str) -> None:
    """Nothing of it reaches a slot."""
    assert ask(stack, path).status_code == 404
    assert not any(slot.seen for slot in stack.slots.values())


@pytest.mark.parametrize(
    "path", ["/test/_nginx/shadow", "/test//_nginx/bad_request", "/test%2f_nginx/shadow"]
)
def test_nginxs_own_places_are_behind_no_prefix(stack: Stack, path: str) -> None:
    """A slot gets the path as it came, as it gets any other."""
    assert ask(stack, path).headers["X-Slot"] in stack.slots
    assert [told for slot in stack.slots.values() for told in slot.traffic] == [["user"]]


@pytest.mark.parametrize("slot", [STABLE, CANDIDATE])
def test_a_header_forces_a_slot(stopped: Stack, slot: str) -> None:
    """Also one that gets nothing of the split; such a request is told from users'."""
    (other,) = {STABLE, CANDIDATE} - {slot}
    stopped.route({slot: 0, other: 1}, experiment="x")
    with nginx_of(stopped) as stack:
        answers = [ask(stack, X_Slot=slot) for _ in range(4)]
        assert {answer.headers["X-Slot"] for answer in answers} == {slot}
        assert stack.slots[slot].traffic == [["forced"]] * 4
        stack.slots[slot].sends_on = "@another_slot"
        assert ask(stack, X_Slot=slot).headers["X-Slot"] == slot
        assert not stack.slots[other].seen


@pytest.mark.parametrize("odd", ["", "stable", "candidate", "MODEL_SERVER_NEW2", "split"])
def test_a_header_that_names_no_slot_forces_none(stopped: Stack, odd: str) -> None:
    """The request is a user's like any other."""
    stopped.route({STABLE: 1, CANDIDATE: 0})
    with nginx_of(stopped) as stack:
        ask(stack, X_Slot=odd)
        assert stack.slots[STABLE].traffic == [["user"]]


@pytest.mark.parametrize(
    ("port", "path", "told"),
    [
        (80, "/predict", "user"),
        (8000, "/predict", "direct"),
        (8001, "/predict", "direct"),
        (80, "/test/predict", "test"),
    ],
)
@pytest.mark.parametrize("said", ["shadow", "test", "user", "forced", ""])
def test_what_a_client_says_of_its_traffic_never_reaches_a_slot(
    stack: Stack, port: int, path: str, told: str, said: str
) -> None:
    """Nor does it when it says so twice, or in another spelling."""
    spoofed = [("X-Traffic", said), ("x-traffic", "shadow"), ("X_Traffic", "shadow")]
    assert httpx.post(f"{stack.url(port)}{path}", content=b"x", headers=spoofed).status_code == 200
    for slot in stack.slots.values():
        slot.sends_on_the_impatient = "@patient"  # whichever way nginx asks
    assert httpx.post(f"{stack.url(port)}{path}", content=b"x", headers=spoofed).status_code == 200
    found = [told for slot in stack.slots.values() for told in slot.traffic]
    assert found == [[told]] * 3


def log_lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]


def test_production_and_test_have_logs_of_their_own(stack: Stack) -> None:
    """Each request is in one of them; forced ones are in production's, marked."""
    test_log = stack.temporary / "test.log"
    for path, request in (
        ("/predict", "r1"),
        ("/test/predict", "r2"),
        ("/predict", "r3"),
        ("/test/metrics", "r4"),
    ):
        ask(stack, path, X_Request_ID=request)
    ask(stack, X_Request_ID="r5", X_Slot=CANDIDATE)
    wait_for(lambda: "r5" in stack.log.read_text())
    lines = [line for line in log_lines(stack.log) if line["uri"] != "/healthz"]
    assert [(line["request_id"], line["traffic"]) for line in lines] == [
        ("r1", "user"),
        ("r3", "user"),
        ("r5", "forced"),
    ]
    wait_for(lambda: [line["request_id"] for line in log_lines(test_log)] == ["r2", "r4"])


def test_the_log_of_tests_stays_short(stack: Stack, watcher_log: Path) -> None:
    """What reloads looks after it: the ten megabytes before are kept, and nginx goes on."""
    test_log = stack.temporary / "test.log"
    with test_log.open("a") as log:
        log.write("x" * 11_000_000)
    wait_for(lambda: test_log.stat().st_size == 0)
    assert test_log.with_suffix(".log.1").stat().st_size == 11_000_000
    ask(stack, "/test/predict", X_Request_ID="r")
    wait_for(lambda: [line["request_id"] for line in log_lines(test_log)] == ["r"])


def test_nginx_says_which_file_is_in_effect(stack: Stack, watcher_log: Path) -> None:
    """By its checksum, from the reload on; of a file that it refuses, or that is not rendered, never."""
    in_effect = checksum(stack.split)
    assert stack.configuration() == in_effect
    for right, wrong in (("weight=1  max", "weight=0  max"), ("upstream split", "upstream spilt")):
        stack.edit(right, wrong)
        refused = checksum(stack.split)
        wait_for(
            lambda: "stays in effect" in watcher_log.read_text() + (stack.folder / "renderer.log").read_text()
        )
        assert stack.configuration() == in_effect != refused
        stack.edit(wrong, right)
    routed = stack.route({STABLE: 80, CANDIDATE: 20}, draws=True)
    wait_for(lambda: stack.configuration() == routed, seconds=5)
    assert httpx.get(f"{stack.url(80)}/configuration").headers["X-Slot"] in stack.slots


def test_a_hundred_changes_of_the_split_lose_no_request(stack: Stack) -> None:
    """Draws, experiments and shadows come and go, and slots are taken out, while a client asks on."""
    load = subprocess.Popen(
        ["python3", "-c", CLIENT, str(stack.ports[80])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    for number in range(100):
        candidate = (0, 5, 20, 50, 100)[number % 5]
        experiment = f"x{number}" if number % 3 == 0 else None
        stack.route(
            {STABLE: 100 - candidate, CANDIDATE: candidate},
            draws=number % 2 == 0,
            experiment=experiment,
            shadow_percent=Decimal(number % 4 * 25),
        )
        stack.reload()
    answered, _ = load.communicate("end")
    statuses = json.loads(answered)
    print(statuses)
    assert set(statuses) == {"200"}
    assert statuses["200"] > 500


CLIENT = """
import collections, http.client, json, select, sys
statuses = collections.Counter()
while not select.select([sys.stdin], [], [], 0)[0]:
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
    try:
        connection.request("POST", "/predict", b"x" * 1000)
        statuses[connection.getresponse().status] += 1
    except OSError as error:
        statuses[repr(error)] += 1
    connection.close()
print(json.dumps(statuses))
"""
