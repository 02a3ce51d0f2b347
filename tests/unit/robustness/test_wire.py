"""HTTP from bytes, against a socket that answers as it is told."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread

import pytest

from tests.robustness import wire
from tests.robustness.wire import Address, Connection, request

ANSWER = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nX-Slot: a\r\n\r\nno"
PATIENCE_SECONDS = 5.0


@contextmanager
def server(*connections: Sequence[bytes]) -> Iterator[Address]:
    """Accept as many connections; on each give its answers, a request each, and close it."""

    def serve() -> None:
        for answers in connections:
            connection, _ = listener.accept()
            with connection:
                for answer in answers:
                    connection.recv(65536)
                    connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve)
        thread.start()
        yield Address("127.0.0.1", listener.getsockname()[1])
        thread.join()


def test_an_answer_has_its_status_headers_and_body() -> None:
    """Names of headers in lower case."""
    with server([ANSWER]) as address, Connection(address, PATIENCE_SECONDS) as connection:
        answer = connection.exchange(request("/predict", b"x"))
    assert (answer.status, answer.headers["x-slot"], answer.body) == (413, "a", b"no")


def test_a_connection_is_kept() -> None:
    """The second request goes over the first one's connection: the server accepts no other."""
    with server([ANSWER, ANSWER]) as address, Connection(address, PATIENCE_SECONDS) as connection:
        assert [connection.exchange(request("/", b"x")).status for _ in range(2)] == [413, 413]


def test_a_connection_that_was_idle_is_opened_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server may have closed it, which is no fault of the next request."""
    monkeypatch.setattr(wire, "IDLE_SECONDS", -1)
    with server([ANSWER], [ANSWER]) as address, Connection(address, PATIENCE_SECONDS) as connection:
        assert [connection.exchange(request("/", b"x")).status for _ in range(2)] == [413, 413]


def test_a_server_that_closes_without_an_answer_is_a_failure() -> None:
    """It is not mistaken for one."""
    with (
        server([b""]) as address,
        Connection(address, PATIENCE_SECONDS) as connection,
        pytest.raises(ConnectionError),
    ):
        connection.exchange(request("/", b"x"))


def test_a_url_without_a_port_is_port_80() -> None:
    """As in every client."""
    assert Address.of("http://127.0.0.1") == ("127.0.0.1", 80)
    assert Address.of("http://127.0.0.1:8000/") == ("127.0.0.1", 8000)
