"""The manners that every HTTP program shares, on a small app of the tests' own."""

import json
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Self

import httpx
import pytest
from fastapi import APIRouter, FastAPI, UploadFile
from prometheus_client import CollectorRegistry
from pydantic import model_validator

from service.app import create_service
from service.logs import JsonFormatter, lines_with
from service.problems import Problem
from service.request_id import choose_request_id, current_request_id
from service.settings import ServiceSettings, load_settings


@asynccontextmanager
async def no_lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield


def small_router() -> APIRouter:
    router = APIRouter()

    @router.get("/things/{name}")
    async def thing(name: int) -> dict[str, int]:
        return {"name": name}

    @router.get("/refusal")
    async def refusal() -> None:
        raise Problem(503, "Busy", "Try again.", {"Retry-After": "3"})

    @router.get("/crash")
    async def crash() -> None:
        raise RuntimeError("a secret of the insides")

    @router.post("/upload")
    async def upload(file: UploadFile) -> dict[str, int | None]:
        return {"size": file.size}

    return router


class Readiness:
    """A program's readiness that the test decides."""

    reason: str | None = None

    def __call__(self) -> str | None:
        return self.reason


@pytest.fixture
def readiness() -> Readiness:
    return Readiness()


def small_service(
    not_ready: Callable[[], str | None] = lambda: None,
    registry: CollectorRegistry | None = None,
    **settings: Any,
) -> FastAPI:
    return create_service(
        ServiceSettings(slot="model_server_new", **settings),
        title="small",
        registry=registry or CollectorRegistry(),
        routers=[small_router()],
        not_ready=not_ready,
        lifespan=no_lifespan,
        max_body_bytes=1000,
        headers=lambda: {"X-Model": "none"},
    )


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
async def client(readiness: Readiness, registry: CollectorRegistry) -> AsyncIterator[httpx.AsyncClient]:
    app = small_service(readiness, registry)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def assert_problem(response: httpx.Response, status: int) -> dict[str, object]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, object] = response.json()
    assert problem["status"] == status
    assert problem["request_id"] == response.headers["x-request-id"]
    return problem


async def test_a_sane_request_id_is_taken_over(client: httpx.AsyncClient) -> None:
    """The caller finds its own request id on the answer."""
    response = await client.get("/things/1", headers={"X-Request-ID": "abc-1.2_3"})
    assert response.headers["x-request-id"] == "abc-1.2_3"


@pytest.mark.parametrize("offered", [None, "", "a b", "x" * 129, 'a"b', "a\nb", "é"])
def test_a_request_id_that_could_do_harm_is_replaced(offered: str | None) -> None:
    """An id that does not fit a log line or an index is never taken over."""
    assert choose_request_id(offered) != offered


async def test_every_answer_names_the_slot_and_fixed_headers(client: httpx.AsyncClient) -> None:
    """Errors carry the same headers as good answers."""
    for path in ("/things/1", "/nothing", "/crash"):
        response = await client.get(path)
        assert response.headers["x-slot"] == "model_server_new"
        assert response.headers["x-model"] == "none"


async def test_refusals_are_problem_documents(client: httpx.AsyncClient) -> None:
    """Every kind of refusal has the same form."""
    assert_problem(await client.get("/nothing"), 404)
    assert_problem(await client.post("/things/1"), 405)
    problem = assert_problem(await client.get("/things/x"), 422)
    assert "path.name" in str(problem["detail"])
    busy = await client.get("/refusal")
    assert_problem(busy, 503)
    assert busy.headers["retry-after"] == "3"


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_the_documentation_asks_no_other_host(client: httpx.AsyncClient, page: str) -> None:
    """Its page works where there is no internet: all that it loads is here, scripts among it."""
    found = re.findall(r'(?:src|href)="([^"]*)"', (await client.get(page)).text)
    assert any(one.endswith(".js") for one in found)
    for one in found:
        assert one.startswith("/"), one
        assert (await client.get(one)).status_code == 200


async def test_a_crash_tells_the_client_an_id_and_the_log_the_cause(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """What went wrong inside is for the log only."""
    response = await client.get("/crash")
    assert_problem(response, 500)
    assert "secret" not in response.text
    assert "a secret of the insides" in caplog.text


async def test_a_body_over_the_limit_is_refused(client: httpx.AsyncClient) -> None:
    """The limit holds for a body with a length and for one sent in chunks."""
    assert_problem(await client.post("/upload", files={"file": b"x" * 2000}), 413)

    async def chunks() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        for _ in range(20):
            yield b"x" * 100

    headers = {"content-type": "multipart/form-data; boundary=b"}
    assert_problem(await client.post("/upload", content=chunks(), headers=headers), 413)


async def test_readiness_and_life_are_apart(client: httpx.AsyncClient, readiness: Readiness) -> None:
    """A program that cannot serve is alive but not ready, and says why."""
    assert (await client.get("/readyz")).status_code == 200
    readiness.reason = "the model is not loaded"
    problem = assert_problem(await client.get("/readyz"), 503)
    assert problem["detail"] == "the model is not loaded"
    assert (await client.get("/healthz")).status_code == 200


async def test_metrics_know_routes_not_paths(client: httpx.AsyncClient) -> None:
    """A scan of a thousand paths makes one series."""
    for path in ("/things/1", "/things/2", "/wp-admin", "/.env", "/crash"):
        await client.get(path)
    text = (await client.get("/metrics")).text
    series = 'http_requests_total{method="GET",path="%s",slot="model_server_new",status="%s"} %s'
    assert series % ("/things/{name}", 200, "2.0") in text
    assert series % ("unmatched", 404, "2.0") in text
    assert series % ("/crash", 500, "1.0") in text
    assert 'http_request_duration_seconds_bucket{le="0.5",method="GET",path="/things/{name}"' in text
    assert "wp-admin" not in text


async def test_what_the_platform_asks_is_not_in_progress(client: httpx.AsyncClient) -> None:
    """An idle server has no request in progress, although the scrape that says so is one."""
    assert 'http_requests_in_progress{slot="model_server_new"} 0.0' in (await client.get("/metrics")).text


async def test_a_users_request_is_in_progress(registry: CollectorRegistry, client: httpx.AsyncClient) -> None:
    """While it is being answered; afterwards it is not."""
    in_progress = partial(
        registry.get_sample_value, "http_requests_in_progress", {"slot": "model_server_new"}
    )
    seen: list[float | None] = []

    async def body() -> AsyncIterator[bytes]:
        seen.append(in_progress())
        yield b"--b--"

    headers = {"content-type": "multipart/form-data; boundary=b"}
    await client.post("/upload", content=body(), headers=headers)
    assert (seen, in_progress()) == ([1.0], 0.0)


def test_a_log_line_is_json_with_slot_and_request_id() -> None:
    """Extra fields stand beside the standard ones."""
    record = logging.makeLogRecord(
        {"name": "n", "levelno": 20, "levelname": "INFO", "msg": "hi", "path": "/x"}
    )
    token = current_request_id.set("r1")
    line = json.loads(JsonFormatter("model_server").format(record))
    current_request_id.reset(token)
    expected = {"level": "info", "message": "hi", "slot": "model_server", "request_id": "r1", "path": "/x"}
    assert line.items() >= expected.items()


def test_lines_have_what_they_are_about() -> None:
    """As long as it is worked on, and no longer."""
    record = logging.makeLogRecord({"name": "n", "levelno": 20, "levelname": "INFO", "msg": "hi"})
    with lines_with({"job": "a"}):
        assert json.loads(JsonFormatter("jobs").format(record))["job"] == "a"
    assert "job" not in json.loads(JsonFormatter("jobs").format(record))


def test_wrong_variables_stop_the_start_with_a_line_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The person who starts the program reads which variable to mend."""
    monkeypatch.setenv("PORT", "eighty")
    monkeypatch.setenv("SLOT", "third")
    with pytest.raises(SystemExit, match="2"):
        load_settings(ServiceSettings)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["SLOT", "PORT"]
    assert "'eighty'" in lines[1]


class SettingsThatFitTogether(ServiceSettings):
    """Settings with a rule over several variables, one of them secret."""

    password: str = ""

    @model_validator(mode="after")
    def _never_fit(self) -> Self:
        raise ValueError("must hold: A <= B")


def test_a_rule_over_several_variables_shows_none_of_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log is no place for a password."""
    monkeypatch.setenv("PASSWORD", "do-not-tell")
    with pytest.raises(SystemExit, match="2"):
        load_settings(SettingsThatFitTogether)
    assert capsys.readouterr().err == "settings: Value error, must hold: A <= B\n"
