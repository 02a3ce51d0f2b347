"""A shadow's copies reach the slot that is not production, and no client notices."""

import http.client
import os
import time
from collections.abc import Iterator
from decimal import Decimal

import httpx
import pytest

from tests.cleartext import NO_TLS
from tests.ports import free_port
from tests.unit.proxy.conftest import Stack, nginx_of, wait_for
from tests.unit.proxy.test_exporter import Exporter, counts
from tests.unit.proxy.test_split import CANDIDATE, STABLE
from tests.unit.proxy.test_traffic import log_lines

ONLY_STABLE = {STABLE: 1, CANDIDATE: 0}


@pytest.fixture
def shadowed(stopped: Stack) -> Iterator[Stack]:
    """Run nginx with every prediction copied to the candidate, which is `down` in the split."""
    stopped.route(ONLY_STABLE, shadow_percent=Decimal(100))
    with nginx_of(stopped) as stack:
        yield stack


def ask(stack: Stack, path: str = "/predict", body: bytes = b"image", **headers: str) -> httpx.Response:
    written = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(f"{stack.url(80)}{path}", content=body, headers=written, verify=NO_TLS)


def test_a_copy_is_the_request_that_production_answered(shadowed: Stack) -> None:
    """Method, path, query, body and request id are the same, and it says that it is a copy."""
    for path in ("/predict", "/predict?a=b%20c", "/v2/models/m/infer"):
        assert ask(shadowed, path).headers["X-Slot"] == STABLE
    production, candidate = shadowed.slots[STABLE], shadowed.slots[CANDIDATE]
    wait_for(lambda: len(candidate.bodies) == 3)
    assert sorted(candidate.seen) == sorted(production.seen)
    assert sorted(candidate.paths) == sorted(production.paths)
    assert candidate.bodies == production.bodies
    assert (candidate.traffic, production.traffic) == ([["shadow"]] * 3, [["user"]] * 3)


def test_production_after_a_swap_is_shadowed_by_the_other_slot(stopped: Stack) -> None:
    """The slots change places."""
    stopped.route({STABLE: 0, CANDIDATE: 1}, shadow_percent=Decimal(100))
    with nginx_of(stopped) as stack:
        assert ask(stack).headers["X-Slot"] == CANDIDATE
        wait_for(lambda: stack.slots[STABLE].traffic == [["shadow"]])


@pytest.mark.parametrize("size", [0, 1, 200_000, 7_900_000])
def test_a_body_arrives_whole(shadowed: Stack, size: int) -> None:
    """In memory or in a file, with its length or in chunks."""
    body = os.urandom(size)
    assert ask(shadowed, body=body).status_code == 200
    chunks = iter([body[:1000], body[1000:]] if size > 1000 else [body])
    assert httpx.post(f"{shadowed.url(80)}/predict", content=chunks).status_code == 200
    candidate = shadowed.slots[CANDIDATE]
    wait_for(lambda: len(candidate.bodies) == 2)
    assert candidate.bodies == [("POST", body)] * 2


def test_a_body_that_is_too_large_for_a_copy_is_answered_all_the_same(shadowed: Stack) -> None:
    """The candidate hears nothing of it."""
    assert ask(shadowed, body=bytes(9_000_000)).status_code == 200
    assert ask(shadowed, X_Request_ID="next").status_code == 200
    wait_for(lambda: shadowed.slots[CANDIDATE].seen == ["next"])


@pytest.mark.parametrize("path", ["/", "/docs", "/test/predict", "/healthz"])
def test_only_predictions_of_users_are_copied(shadowed: Stack, path: str) -> None:
    """Nothing else, and nothing that was forced."""
    ask(shadowed, path)
    ask(shadowed, X_Slot=STABLE)
    ask(shadowed, X_Slot=CANDIDATE)
    httpx.post(f"{shadowed.url(8000)}/predict", content=b"image")
    ask(shadowed, X_Request_ID="last")
    wait_for(lambda: "last" in shadowed.slots[CANDIDATE].seen)
    assert shadowed.slots[CANDIDATE].traffic.count(["shadow"]) == 1


def test_a_share_is_copied(stopped: Stack) -> None:
    """Of 400 requests about a quarter, drawn by nginx and not by what the client says."""
    stopped.route(ONLY_STABLE, shadow_percent=Decimal(25))
    with nginx_of(stopped) as stack:
        for _ in range(400):
            assert ask(stack, X_Request_ID="same").status_code == 200
        candidate = stack.slots[CANDIDATE]
        wait_for(lambda: len(candidate.seen) > 60)
    assert 60 <= len(candidate.seen) <= 140  # 100 expected, 4.6 standard deviations either way


def test_without_a_shadow_nothing_is_copied(stopped: Stack) -> None:
    """As shipped."""
    stopped.route(ONLY_STABLE)
    with nginx_of(stopped) as stack:
        for _ in range(10):
            ask(stack)
    assert not stopped.slots[CANDIDATE].seen


@pytest.mark.parametrize(
    "fault", ["slow", "hangs", "breaks", "away", "refuses", "asks for patience", "fails"]
)
def test_whatever_the_candidate_does_no_client_waits_or_notices(stopped: Stack, fault: str) -> None:
    """Over a connection that is kept, as the next request on it is what a plain mirror delays."""
    stopped.edit("location /metrics {", "keepalive_timeout 60s;\n    location /metrics {", "servers.conf")
    stopped.route(ONLY_STABLE, shadow_percent=Decimal(100))
    candidate = stopped.slots[CANDIDATE]
    candidate.slow_seconds = 2.0 if fault == "slow" else 0.0
    candidate.hangs, candidate.breaks = fault == "hangs", fault == "breaks"
    candidate.sends_on = {"refuses": "@another_slot", "asks for patience": "@patient"}.get(fault, "")
    candidate.status = 500 if fault == "fails" else 200
    if fault == "away":
        candidate.stop()
    with nginx_of(stopped) as stack:
        connection = http.client.HTTPConnection("127.0.0.1", stack.ports[80])
        connection.connect()
        kept = connection.sock
        seconds = []
        for _ in range(20):
            started = time.monotonic()
            connection.request("POST", "/predict", b"x" * 1000)
            answer = connection.getresponse()
            assert (answer.status, answer.headers["X-Slot"], answer.read()) == (200, STABLE, b"body")
            seconds.append(time.monotonic() - started)
        assert connection.sock is kept
        connection.close()
        print(f"{fault}: slowest of 20 answers {max(seconds) * 1000:.0f} ms")
        assert max(seconds) < 1
        assert stack.slots[STABLE].traffic == [["user"]] * 20
        if fault != "away":
            wait_for(lambda: len(candidate.traffic) >= 16)
            assert len(set(candidate.seen)) == len(candidate.seen)  # no copy is sent twice


def test_copies_under_way_are_bounded_and_more_are_dropped(shadowed: Stack) -> None:
    """Sixteen; when those are answered there is room again."""
    candidate = shadowed.slots[CANDIDATE]
    candidate.hangs = True
    for _ in range(40):
        assert ask(shadowed).status_code == 200
    wait_for(lambda: len(candidate.seen) == 16)
    candidate.hangs = False
    candidate.end.set()
    wait_for(lambda: ask(shadowed).status_code == 200 and len(candidate.seen) > 16)


def test_what_production_does_is_retried_as_ever_and_copied_once(stopped: Stack) -> None:
    """A slot that breaks, a slot that needs longer: each request has one copy."""
    stopped.route({STABLE: 1, CANDIDATE: 1}, shadow_percent=Decimal(100))
    stopped.slots[STABLE].breaks = True
    with nginx_of(stopped) as stack:
        answers = [ask(stack, X_Request_ID=f"r{number}") for number in range(6)]
        assert {(one.status_code, one.headers["X-Slot"]) for one in answers} == {(200, CANDIDATE)}
        stack.slots[STABLE].breaks = False
        stack.slots[STABLE].sends_on_the_impatient = "@patient"
        stack.slots[CANDIDATE].sends_on_the_impatient = "@patient"
        answers = [ask(stack, X_Request_ID=f"s{number}") for number in range(6)]
        assert {one.status_code for one in answers} == {200}
        candidate = stack.slots[CANDIDATE]
        wait_for(lambda: candidate.traffic.count(["shadow"]) == 12)
    copies = [
        name for name, traffic in zip(candidate.seen, candidate.traffic, strict=True) if traffic == ["shadow"]
    ]
    assert sorted(copies) == sorted({f"{letter}{number}" for letter in "rs" for number in range(6)})


@pytest.fixture
def exporter(stopped: Stack) -> Iterator[Exporter]:
    """Run nginx with the exporter beside it, and every prediction copied."""
    served = f"127.0.0.1:{free_port()}"
    stopped.scraped = {"nginx_log_exporter": (served,)}
    stopped.route(ONLY_STABLE, shadow_percent=Decimal(100))
    running = Exporter(served, served)
    running.start()
    with nginx_of(stopped):
        yield running
    running.kill()


def test_copies_are_counted_apart_and_logged_nowhere(stopped: Stack, exporter: Exporter) -> None:
    """By the slot that answered; those that were not made are nginx's. Each is counted once."""
    stopped.slots[CANDIDATE].slow_seconds = 0.3  # nginx waits for it, though whoever sent the copy has left
    stopped.slots[CANDIDATE].sends_on_the_impatient = "@patient"
    for _ in range(5):
        ask(stopped)
    ask(stopped, body=bytes(9_000_000))
    expected = {
        'nginx_responses_total{kind="predict",slot="model_server",status="200"}': 6,
        'nginx_responses_total{kind="predict",slot="model_server_new",status="200"}': 0,
        'nginx_responses_total{kind="shadow",slot="model_server_new",status="503"}': 5,
        'nginx_responses_total{kind="shadow",slot="shared",status="413"}': 1,
    }
    wait_for(lambda: {name: counts(exporter.served).get(name) for name in expected} == expected)
    of_shadows = [
        value
        for name, value in counts(exporter.served).items()
        if "responses_total" in name and '"shadow"' in name
    ]
    assert sum(of_shadows) == 6
    assert len(log_lines(stopped.log)) == 6
    assert not log_lines(stopped.temporary / "test.log")
