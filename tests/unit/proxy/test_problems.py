"""nginx's own errors have the form of the model servers' errors."""

from shutil import rmtree

import httpx
import pytest

from tests.unit.proxy.conftest import Stack, nginx_of

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


def test_the_limit_is_one_setting_and_the_refusal_tells_it(stopped: Stack) -> None:
    """What .env says counts to the byte."""
    stopped.most_body_bytes = 1000
    with nginx_of(stopped) as stack:
        assert httpx.post(stack.url(80), content=bytes(1000)).status_code == 200
        answer = httpx.post(stack.url(80), content=bytes(1001), headers={"X-Request-ID": "big"})
    assert problem(answer) == (413, 413, "big")
    assert answer.json()["detail"] == "the body is larger than 1000 bytes; send a smaller one"


def test_a_body_of_the_limit_passes(stack: Stack) -> None:
    """nginx's limit is the server's, to the byte."""
    assert httpx.post(stack.url(80), content=bytes(LIMIT)).status_code == 200


@pytest.mark.parametrize(("port", "path"), [(80, "/readyz"), (8000, "/"), (8001, "/")])
def test_no_slot_to_ask_is_a_502_that_says_when_to_come_back(stack: Stack, port: int, path: str) -> None:
    """With both slots away whoever does not wait for one (test_waiting.py) hears so at once."""
    for slot in stack.slots.values():
        slot.stop()
    answer = httpx.get(stack.url(port) + path, headers={"X-Request-ID": "r"})
    assert problem(answer) == (502, 502, "r")
    assert int(answer.headers["Retry-After"]) > 0


def test_no_room_for_a_body_is_a_503_that_says_when_to_come_back(stack: Stack) -> None:
    """Many large bodies at once may fill nginx's folder for them: that is an overload, not a fault."""
    rmtree(stack.temporary / "nginx_client_body")
    answer = httpx.post(stack.url(80), content=bytes(2**20), headers={"X-Request-ID": "r"})
    assert problem(answer) == (503, 503, "r")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("port", [80, 8000])
def test_servers_that_take_too_long_are_a_504(stopped: Stack, port: int) -> None:
    """Where every server that took the request stayed silent, the client hears so."""
    stopped.edit("proxy_read_timeout 2500ms", "proxy_read_timeout 300ms", "proxy.conf")
    for slot in stopped.slots.values():
        slot.hangs = True
    with nginx_of(stopped) as stack:
        answer = httpx.post(stack.url(port), content=b"image", headers={"X-Request-ID": "r"})
    assert problem(answer) == (504, 504, "r")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("port", [80, 8000, 8001])
def test_below_v2_an_error_has_the_protocols_form(stopped: Stack, port: int) -> None:
    """Clients of the Open Inference Protocol find the reason where they look for it."""
    stopped.edit("proxy_next_upstream_timeout 30s", "proxy_next_upstream_timeout 300ms", "waiting.conf")
    with nginx_of(stopped) as stack:
        check_the_protocols_form(stack, port)


def check_the_protocols_form(stack: Stack, port: int) -> None:
    url = f"{stack.url(port)}/v2/models/small-cnn/infer"
    too_large = httpx.post(url, content=bytes(LIMIT + 1))
    for slot in stack.slots.values():
        slot.stop()
    nobody = httpx.post(url, content=b"{}")
    for answer, status in ((too_large, 413), (nobody, 502)):
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
        (reason,) = answer.json().items()
        assert reason[0] == "error"
        assert reason[1]
        assert len(answer.headers["X-Request-ID"]) == 32
    assert "Retry-After" in nobody.headers
    assert "Retry-After" not in too_large.headers
    assert problem(httpx.get(f"{stack.url(port)}/v2x"))[0] == 502


@pytest.mark.parametrize("port", [80, 8000, 8001])
@pytest.mark.parametrize(
    "path", ["index", "models/small-cnn/load", "../repository/models/x/load", "%6dodels/x/load"]
)
def test_models_cannot_be_reloaded_through_nginx(stack: Stack, port: int, path: str) -> None:
    """An order to reload reaches no model server, however it is spelt."""
    for prefix in ("/v2/repository/", "//v2//repository/", "/v2/%72epository/"):
        answer = httpx.post(f"{stack.url(port)}{prefix}{path}")
        assert (answer.status_code, answer.json()) == (404, {"error": "there is nothing here"})
    assert not any(slot.seen for slot in stack.slots.values())


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/metrics?x=1"])
def test_metrics_are_not_for_the_public(stack: Stack, path: str) -> None:
    """Port 80 serves no metrics, and asks no slot for them."""
    assert problem(httpx.get(stack.url(80) + path, headers={"X-Request-ID": "r"})) == (404, 404, "r")
    assert not any(slot.seen for slot in stack.slots.values())


def test_counters_are_served_on_their_own_port(stack: Stack) -> None:
    """The exporter's page is there and nothing else is."""
    assert "Active connections" in httpx.get(f"{stack.url(8081)}/stub_status").text
    assert httpx.get(f"{stack.url(8081)}/predict").status_code == 404
