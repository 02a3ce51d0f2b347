"""A server that stops answers what it can, and hands over what it cannot."""

import asyncio
import json

import pytest
from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from service.app import create_service
from service.hand_over import refusal_headers
from service.problems import install_problem_handlers
from service.settings import ServiceSettings
from tests.unit.service.serving import serving
from tests.unit.service.test_service import no_lifespan


@pytest.mark.parametrize(("path", "member"), [("/predict", "detail"), ("/v2/models/m/infer", "error")])
async def test_what_a_stop_has_no_time_for_goes_to_another_slot(
    monkeypatch: pytest.MonkeyPatch, path: str, member: str
) -> None:
    """Not lost with its connection, nor a fault of the program, which nginx would hand on to the client."""
    monkeypatch.setattr("service.run.DRAIN_SECONDS", 0.1)
    app, begun = FastAPI(), asyncio.Event()

    async def endless() -> None:
        begun.set()
        await asyncio.Event().wait()

    app.post(path)(endless)
    install_problem_handlers(app, refusal_headers)
    async with serving(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"POST {path} HTTP/1.1\r\nHost: a\r\nX-Patience: long\r\n\r\n".encode())
        await begun.wait()
    head, body = (await reader.read()).split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503")
    assert b"x-accel-redirect: @another_slot" in head.lower()
    assert "stops" in json.loads(body)[member]
    writer.close()


async def test_every_program_hands_over_what_a_stop_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """As all of them are built by create_service."""
    monkeypatch.setattr("service.run.DRAIN_SECONDS", 0.1)
    router, begun = APIRouter(), asyncio.Event()

    @router.post("/long")
    async def long() -> None:
        begun.set()
        await asyncio.Event().wait()

    app = create_service(
        ServiceSettings(slot="model_server"),
        title="small",
        registry=CollectorRegistry(),
        routers=[router],
        not_ready=lambda: None,
        lifespan=no_lifespan,
        max_body_bytes=1000,
    )
    async with serving(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /long HTTP/1.1\r\nHost: localhost\r\nX-Patience: short\r\n\r\n")
        await begun.wait()
    assert b"x-accel-redirect: @another_slot" in (await reader.read()).lower()
    writer.close()
