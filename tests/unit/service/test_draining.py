"""service/draining.py: a server that ends answers all that was on its way to it."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from service.draining import LINGER_SECONDS
from service.hand_over import refusal_headers
from service.health import health_router
from service.problems import install_problem_handlers
from tests.unit.service.serving import ServedApp


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


async def receive(client: socket.socket) -> bytes:
    return await asyncio.get_running_loop().sock_recv(client, 65536)


@pytest.fixture
async def served() -> AsyncIterator[ServedApp]:
    app = FastAPI()
    install_problem_handlers(app, refusal_headers)
    app.include_router(health_router(CollectorRegistry(), lambda: None))
    served = ServedApp(app)
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        client.setblocking(False)
        client.sendall(request("/readyz"))
        assert b"200 OK" in await receive(client)  # it has begun to serve
    yield served
    await served.end()


def connect(served: ServedApp) -> socket.socket:
    """Return a connection that the server has not accepted, as its event loop does not turn meanwhile."""
    client = socket.create_connection(("127.0.0.1", served.port))
    client.setblocking(False)
    return client


async def test_a_connection_that_waits_at_the_door_is_answered(served: ServedApp) -> None:
    """The kernel would reset it."""
    with connect(served) as client:
        client.sendall(request("/healthz"))
        await served.end_now()
        answer = await receive(client)
    assert b"200 OK" in answer
    assert b"connection: close" in answer


async def test_a_request_over_a_kept_connection_is_answered(served: ServedApp) -> None:
    """It was on its way when the server began to end."""
    with connect(served) as client:
        client.sendall(request("/healthz"))
        await receive(client)
        client.sendall(request("/healthz"))
        await served.end_now()
        answer = await receive(client)
    assert b"200 OK" in answer
    assert b"connection: close" in answer


async def test_an_idle_connection_is_closed_a_little_later(served: ServedApp) -> None:
    """Nobody holds up the end of a server."""
    with connect(served) as client:
        client.sendall(request("/healthz"))
        await receive(client)
        started = time.monotonic()
        await served.end_now()
        assert await receive(client) == b""
    assert LINGER_SECONDS <= time.monotonic() - started < LINGER_SECONDS + 2


async def test_a_server_that_ends_is_not_ready(served: ServedApp) -> None:
    """What waits in nginx is not sent to it, though nginx asks over a kept connection."""
    with connect(served) as client:
        client.sendall(request("/readyz"))
        assert b"200 OK" in await receive(client)
        client.sendall(request("/readyz"))
        await served.end_now()
        answer = await receive(client)
    assert b"503" in answer
    assert b"It stops." in answer


async def test_nobody_is_accepted_any_more(served: ServedApp) -> None:
    """nginx hears at once that this server is gone."""
    await served.end_now()
    with pytest.raises(ConnectionRefusedError):
        connect(served)
