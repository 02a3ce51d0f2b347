"""What is no proper request gets a problem document too."""

import json
import socket

import pytest

from tests.unit.proxy.conftest import Stack

POST = b"POST /predict HTTP/1.1\r\nHost: x\r\n"


def send(stack: Stack, request: bytes, port: int = 80) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of the answer to these bytes."""
    with socket.create_connection(("127.0.0.1", stack.ports[port]), timeout=10) as connection:
        connection.sendall(request)
        answer = connection.makefile("rb")
        status = int(answer.readline().split()[1])
        lines = [line.decode().strip() for line in iter(answer.readline, b"\r\n")]
        headers = dict(line.split(": ", 1) for line in lines)
        assert len(headers) == len(lines), "a header came twice"
        return status, headers, answer.read(int(headers["Content-Length"]))


MALFORMED = {
    "no method": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
    "no path": (b"GET\r\n\r\n", 400),
    "a path out of the root": (b"GET /../../x HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "an odd host": (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "an odd length": (POST + b"Content-Length: -1\r\n\r\n", 400),
    "two lengths": (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    "length and chunks": (POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "an odd chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\nz\r\n\r\n", 400),
    "an unknown encoding": (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    "TRACE": (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405),
    "a long path": (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "a long header": (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 9000 + b"\r\n\r\n", 431),
    "a later version": (b"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505),
    "a huge length": (POST + b"Content-Length: 99999999999\r\n\r\n", 413),
}


@pytest.mark.parametrize("request_and_status", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_request_is_answered_with_a_problem(
    stack: Stack, request_and_status: tuple[bytes, int]
) -> None:
    """It has a status, and says what to do; on every port."""
    request, expected = request_and_status
    for port in (80, 8000, 8001):
        status, headers, body = send(stack, request, port)
        assert status == expected
        assert headers["Content-Type"] == "application/problem+json"
        problem = json.loads(body)
        assert (problem["status"], problem["request_id"]) == (expected, headers["X-Request-ID"])
        assert problem["title"]
        assert "; " in problem["detail"]
    assert not any(slot.seen for slot in stack.slots.values())


@pytest.mark.parametrize(
    ("request_line_and_rest", "expected"),
    [
        (b"TRACE /v2/models HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", 400),
    ],
)
def test_below_v2_it_has_the_protocols_form(
    stack: Stack, request_line_and_rest: bytes, expected: int
) -> None:
    """As far as the path was read."""
    status, headers, body = send(stack, request_line_and_rest)
    assert (status, headers["Content-Type"]) == (expected, "application/json")
    assert list(json.loads(body)) == ["error"]


def test_the_paths_of_these_answers_are_for_nobody(stack: Stack) -> None:
    """Who asks for one is told that there is nothing."""
    status, _, body = send(stack, b"GET /_nginx/bad_request HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (status, json.loads(body)["status"]) == (404, 404)
