"""A request that no slot can be reached for waits until one can, and is then sent on."""

import os
import re
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from proxy.waiting import TURNS_PER_SECOND, WAIT_SECONDS, turns
from tests.cleartext import NO_TLS
from tests.ports import free_port
from tests.unit.proxy.conftest import PROJECT, Slot, Stack, nginx_of, wait_for
from tests.unit.proxy.test_exporter import Exporter, counts
from tests.unit.proxy.test_split import CANDIDATE, STABLE
from tests.unit.proxy.test_traffic import log_lines

TURN = 'nginx_responses_total{kind="platform",slot="shared",status="502"}'
ANSWER = 'nginx_responses_total{kind="predict",slot="model_server",status="200"}'
SLOTS = (STABLE, CANDIDATE)


class Waiters:
    """Requests under way, and how many of them nginx keeps in its room."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._threads = ThreadPoolExecutor(64)

    def send(
        self,
        port: int = 80,
        path: str = "/predict",
        body: bytes = b"image",
        headers: Mapping[str, str] | None = None,
    ) -> Future[httpx.Response]:
        """Send a request, to be answered some time."""
        url = f"{self._stack.url(port)}{path}"
        return self._threads.submit(httpx.put, url, content=body, headers=headers, timeout=30, verify=NO_TLS)

    def wait_for(self, count: int) -> None:
        """Wait until nginx keeps so many in its room."""
        wait_for(lambda: self._connections() == 3 * count + 1)  # theirs, their wait's, their turn's; and this

    def _connections(self) -> int:
        text = httpx.get(f"{self._stack.url(8081)}/stub_status", verify=NO_TLS).text
        return int(text.split("Active connections:")[1].split()[0])


def away(stack: Stack) -> dict[str, int]:
    """Stop both slots; return their ports."""
    for slot in stack.slots.values():
        slot.stop()
    return {name: slot.server_port for name, slot in stack.slots.items()}


def back(stack: Stack, name: str) -> Slot:
    """Start a slot at the port where it was."""
    slot = stack.slots[name] = Slot(name, stack.slots[name].server_port)
    return slot


def asked(slot: Slot) -> list[tuple[str, bytes]]:
    """Return the requests that a slot had, without those that looked whether it is ready."""
    return [sent for sent, path in zip(slot.bodies, slot.paths, strict=True) if path != "/readyz"]


@contextmanager
def waiting(stopped: Stack) -> Iterator[tuple[Stack, Waiters]]:
    """Run nginx before slots that are both away."""
    with nginx_of(stopped) as stack:
        away(stack)
        yield stack, Waiters(stack)


@pytest.mark.parametrize("comes_back", SLOTS)
@pytest.mark.parametrize("size", [5, 100_000, 3_000_000])
def test_a_request_waits_for_whichever_slot_is_ready_first(
    stopped: Stack, comes_back: str, size: int
) -> None:
    """It arrives whole and once, from memory or from a file, within about a second."""
    body = os.urandom(size)
    with waiting(stopped) as (stack, waiters):
        sent = [waiters.send(body=body, headers={"X-Request-ID": f"r{number}"}) for number in range(4)]
        waiters.wait_for(4)
        slot = back(stack, comes_back)
        ready = time.monotonic()
        answers = [one.result() for one in sent]
        assert time.monotonic() - ready < 1.5
    assert {(one.status_code, one.headers["X-Slot"]) for one in answers} == {(200, comes_back)}
    assert asked(slot) == [("PUT", body)] * 4
    assert {f"r{number}" for number in range(4)} <= set(slot.seen)


def test_a_wait_has_an_end(stopped: Stack) -> None:
    """Then the answer is nginx's 502, with the words of the path that was asked."""
    stopped.edit("proxy_next_upstream_timeout 30s", "proxy_next_upstream_timeout 1s", "waiting.conf")
    with waiting(stopped) as (_, waiters):
        started = time.monotonic()
        answers = [waiters.send(path=path) for path in ("/predict", "/v2/models/m/infer")]
        problem, inference = (one.result() for one in answers)
        assert 1 <= time.monotonic() - started < 2.5
    assert problem.json()["title"] == "Bad Gateway"
    assert "no model server took the request" in inference.json()["error"]
    for answer in (problem, inference):
        assert (answer.status_code, answer.headers["Retry-After"]) == (502, "2")


def test_there_are_turns_for_the_longest_wait() -> None:
    """As many as nginx's clock allows in that time, and the last one is not cut off."""
    room = (PROJECT / "proxy/waiting.conf").read_text("utf-8")
    assert f"proxy_next_upstream_timeout {WAIT_SECONDS}s;" in room
    assert f"rate={TURNS_PER_SECOND}r/s;" in room
    assert turns().count("server ") > TURNS_PER_SECOND * WAIT_SECONDS
    patience = re.search(r"location @wait (?s:.)*?proxy_read_timeout (\d+)s", proxy_conf())
    assert patience
    assert int(patience[1]) > WAIT_SECONDS + 5


def proxy_conf() -> str:
    return (PROJECT / "proxy/proxy.conf").read_text("utf-8")


def test_who_finds_the_room_full_is_told_at_once(stopped: Stack) -> None:
    """Those who wait already keep their places."""
    stopped.edit("limit_conn waiting 128", "limit_conn waiting 2", "waiting.conf")
    with waiting(stopped) as (stack, waiters):
        first = [waiters.send() for _ in range(2)]
        waiters.wait_for(2)
        started = time.monotonic()
        late = waiters.send().result()
        assert (late.status_code, late.headers["Retry-After"]) == (502, "2")
        assert time.monotonic() - started < 0.4
        back(stack, STABLE)
        assert [one.result().status_code for one in first] == [200, 200]


def test_a_client_that_leaves_frees_its_place(stopped: Stack) -> None:
    """Its request reaches no slot, and another one may wait."""
    stopped.edit("limit_conn waiting 128", "limit_conn waiting 1", "waiting.conf")
    with waiting(stopped) as (stack, waiters):
        for _ in range(3):
            with pytest.raises(httpx.ReadTimeout):
                httpx.put(f"{stack.url(80)}/predict", content=b"gone", timeout=0.5, verify=NO_TLS)
            waiters.wait_for(0)
        stays = waiters.send(body=b"stays")
        waiters.wait_for(1)
        slot = back(stack, STABLE)
        assert stays.result().status_code == 200
    assert asked(slot) == [("PUT", b"stays")]


@pytest.mark.parametrize(
    ("port", "path", "headers"),
    [
        (80, "/healthz", {}),
        (80, "/readyz?x=1", {}),
        (80, "/test/predict", {}),
        (80, "/predict", {"X-Slot": CANDIDATE}),
        (8000, "/predict", {}),
        (8001, "/v2/models/m/infer", {}),
    ],
)
def test_a_health_check_and_who_asks_for_one_slot_hear_at_once(
    stack: Stack, port: int, path: str, headers: dict[str, str]
) -> None:
    """They want to know just that; and one slot may be away for long."""
    away(stack)
    started = time.monotonic()
    assert Waiters(stack).send(port, path, headers=headers).result().status_code == 502
    assert time.monotonic() - started < 0.4


@pytest.mark.parametrize("status", [404, 422, 500, 503])
def test_a_slot_that_answers_is_not_waited_for(stack: Stack, status: int) -> None:
    """Whatever it says; with the other slot away or not."""
    stack.slots[STABLE].status = status
    stack.slots[CANDIDATE].stop()
    started = time.monotonic()
    answers = [Waiters(stack).send().result() for _ in range(4)]
    assert {(one.status_code, one.text) for one in answers} == {(status, "body")}
    assert time.monotonic() - started < 0.8


def test_a_slot_that_is_not_ready_is_not_what_is_waited_for(stopped: Stack) -> None:
    """Its answer to the request would be a refusal."""
    with waiting(stopped) as (stack, waiters):
        sent = waiters.send()
        waiters.wait_for(1)
        slot = back(stack, STABLE)
        slot.status = 503
        wait_for(lambda: len(slot.paths) >= 2)
        assert not sent.done()
        slot.status = 200
        assert sent.result().status_code == 200
    assert len(asked(slot)) == 1


@pytest.mark.parametrize("breaks_again", [False, True])
def test_what_one_slot_took_and_broke_waits_for_one_more(stopped: Stack, breaks_again: bool) -> None:
    """And for no third, as without a wait."""
    with nginx_of(stopped) as stack:
        first = stack.slots[STABLE]
        stack.slots[CANDIDATE].stop()
        first.hangs = True
        waiters = Waiters(stack)
        sent = waiters.send()
        wait_for(lambda: len(first.seen) == 1)
        first.stop()  # and with it the connection of what it took
        waiters.wait_for(1)
        second = back(stack, CANDIDATE)
        second.breaks = breaks_again
        answer = sent.result()
    assert answer.status_code == (502 if breaks_again else 200)
    assert (len(asked(first)), len(asked(second))) == (1, 1)


def test_a_patient_request_waits_and_keeps_its_patience(stopped: Stack) -> None:
    """A slot asked for longer, and was gone when nginx came back."""
    with nginx_of(stopped) as stack:
        first = stack.slots[STABLE]
        stack.slots[CANDIDATE].stop()
        first.sends_on_the_impatient = "@patient"
        first.slow_seconds = 20
        waiters = Waiters(stack)
        sent = waiters.send()
        wait_for(lambda: len(first.seen) == 1)
        first.stop()  # it answers what it has
        waiters.wait_for(1)
        slot = back(stack, CANDIDATE)
        assert sent.result().status_code == 200
    assert asked(slot) == [("PUT", b"image")]
    assert slot.patience[-1] == "long"


def test_a_reload_of_nginx_ends_no_wait(stopped: Stack) -> None:
    """The old processes keep their waiters."""
    with waiting(stopped) as (stack, waiters):
        sent = [waiters.send() for _ in range(4)]
        waiters.wait_for(4)
        stack.edit("weight=1 ", "weight=2 ")
        stack.reload()
        sent += [waiters.send() for _ in range(4)]
        waiters.wait_for(8)
        back(stack, STABLE)
        assert {one.result().status_code for one in sent} == {200}


def test_a_wait_is_one_line_and_one_answer_with_its_time(stopped: Stack) -> None:
    """What nginx asks itself meanwhile counts as no prediction, and is in no log of users."""
    served = f"127.0.0.1:{free_port()}"
    stopped.scraped = {"nginx_log_exporter": (served,)}
    exporter = Exporter(served, served)
    exporter.start()
    with waiting(stopped) as (stack, waiters):
        sent = waiters.send(headers={"X-Request-ID": "r"})
        wait_for(lambda: counts(served).get(TURN, 0) >= 3)
        back(stack, STABLE)
        assert sent.result().status_code == 200
        wait_for(lambda: counts(served)[ANSWER] == 1)
        counted = counts(served)
        (line,) = log_lines(stack.log)
    exporter.kill()
    assert (line["request_id"], line["status"], line["slot"]) == ("r", "200", STABLE)
    assert float(line["seconds"]) > 1
    assert counted['nginx_response_duration_seconds_sum{kind="predict",slot="model_server"}'] > 1
    answers = {name: value for name, value in counted.items() if name.startswith("nginx_responses_total")}
    assert sum(value for name, value in answers.items() if "platform" not in name) == 1
    assert counted['nginx_log_lines_unreadable_total{slot="shared"}'] == 0
