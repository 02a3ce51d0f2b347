"""nginx's own errors have the form of the model servers' errors."""

import httpx
import pytest

from tests.unit.nginx.conftest import Stack

LIMIT = 10 * 1024 * 1024


def problem(answer: httpx.Response) -> tuple[int, int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert body["title"]
    return answer.status_code, body["status"], body["request_id"]


@pytest.mark.parametrize("port", [80, 8000, 8001])
def test_a_body_above_the_limit_is_refused(stack: Stack, port: int) -> None:
    """One byte more than the server takes is nginx's 413."""
    answer = httpx.post(stack.url(port), content=bytes(LIMIT + 1), headers={"X-Request-ID": "big"})
    assert problem(answer) == (413, 413, "big")


def test_a_body_of_the_limit_passes(stack: Stack) -> None:
    """nginx's limit is the server's, to the byte."""
    assert httpx.post(stack.url(80), content=bytes(LIMIT)).status_code == 200


@pytest.mark.parametrize("port", [80, 8000, 8001])
def test_no_slot_to_ask_is_a_502_that_says_when_to_come_back(stack: Stack, port: int) -> None:
    """With both slots away the client hears so at once."""
    for slot in stack.slots.values():
        slot.stop()
    answer = httpx.get(stack.url(port), headers={"X-Request-ID": "r"})
    assert problem(answer) == (502, 502, "r")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/metrics?x=1"])
def test_metrics_are_not_for_the_public(stack: Stack, path: str) -> None:
    """Port 80 serves no metrics, and asks no slot for them."""
    assert problem(httpx.get(stack.url(80) + path, headers={"X-Request-ID": "r"})) == (404, 404, "r")
    assert not any(slot.seen for slot in stack.slots.values())


def test_counters_are_served_on_their_own_port(stack: Stack) -> None:
    """The exporter's page is there and nothing else is."""
    assert "Active connections" in httpx.get(f"{stack.url(8081)}/stub_status").text
    assert httpx.get(f"{stack.url(8081)}/predict").status_code == 404
