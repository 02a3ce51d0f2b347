"""A POST route that bypasses FastAPI: all middlewares see it, and no work of FastAPI is skipped silently."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from service.app import create_service
from service.framework_bypass import CannotBypass, find_endpoints
from service.problems import Problem
from service.settings import ServiceSettings

PATH = "/double"


async def double(request: Request) -> JSONResponse:
    number = int(await request.body())
    if number < 0:
        raise Problem(422, "Invalid request", "Send a number that is not negative.")
    return JSONResponse(2 * number)


async def check_token(request: Request) -> None:
    if "token" not in request.headers:
        raise Problem(401, "Unauthorized", "Send a token.")


@asynccontextmanager
async def no_lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield


def service(router: APIRouter, bypass: list[str]) -> FastAPI:
    return create_service(
        ServiceSettings(slot="model_server"),
        title="small",
        registry=CollectorRegistry(),
        routers=[router],
        not_ready=lambda: None,
        lifespan=no_lifespan,
        max_body_bytes=1000,
        bypass=bypass,
    )


def client(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")


@pytest.mark.parametrize("bypass", [[], [PATH]])
async def test_the_bypass_changes_no_answer(bypass: list[str]) -> None:
    """Ids, metrics, problems, crashes, other methods and the documentation are the same without it."""
    router = APIRouter()
    router.add_api_route(PATH, double, methods=["POST"])
    async with client(service(router, bypass)) as asking:
        good = await asking.post(PATH, content="4", headers={"X-Request-ID": "r-1"})
        headers = {"x-request-id": "r-1", "x-slot": "model_server"}
        assert good.json() == 8
        assert good.headers.items() >= headers.items()
        refused, crashed = await asking.post(PATH, content="-1"), await asking.post(PATH, content="x")
        assert (refused.status_code, crashed.status_code) == (422, 500)
        assert "not negative" in refused.json()["detail"]
        assert (await asking.post(PATH, content="1" * 2000)).status_code == 413
        assert (await asking.get(PATH)).status_code == 405
        text = (await asking.get("/metrics")).text
        series = 'http_requests_total{method="POST",path="/double",slot="model_server",status="200"}'
        assert f"{series} 1.0" in text
        assert PATH in (await asking.get("/openapi.json")).json()["paths"]


async def test_a_request_bypasses_the_framework(monkeypatch: pytest.MonkeyPatch) -> None:
    """FastAPI's router is not asked: that is the point."""
    router = APIRouter()
    router.add_api_route(PATH, double, methods=["POST"])
    app = service(router, [PATH])
    monkeypatch.setattr(app.router, "middleware_stack", None)
    async with client(app) as asking:
        assert (await asking.post(PATH, content="4")).json() == 8


class TimedRoute(APIRoute):
    """A route class: a middleware of its routes."""


def add(**options: Any) -> Callable[[], FastAPI]:
    def build() -> FastAPI:
        app = FastAPI()
        app.add_api_route(PATH, double, methods=["POST"], **options)
        return app

    return build


def of_router(router: APIRouter, **options: Any) -> Callable[[], FastAPI]:
    def build() -> FastAPI:
        router.add_api_route(PATH, double, methods=["POST"])
        app = FastAPI()
        app.include_router(router, **options)
        return app

    return build


def of_app() -> FastAPI:
    app = FastAPI(dependencies=[Depends(check_token)])
    router = APIRouter()
    router.add_api_route(PATH, double, methods=["POST"])
    app.include_router(router)
    return app


def with_endpoint(endpoint: Callable[..., Any]) -> Callable[[], FastAPI]:
    def build() -> FastAPI:
        app = FastAPI()
        app.add_api_route(PATH, endpoint, methods=["POST"])
        return app

    return build


async def wants_a_dependency(request: Request, _: Annotated[None, Depends(check_token)]) -> Response:
    return Response()


async def wants_a_query(request: Request, name: str) -> Response:
    return Response(name)


async def wants_a_body(request: Request, name: dict[str, str]) -> Response:
    return Response(str(name))


async def returns_a_dict(request: Request) -> dict[str, int]:
    return {}


async def wants_nothing() -> Response:
    return Response()


def runs_in_a_thread(request: Request) -> Response:
    return Response()


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (add(dependencies=[Depends(check_token)]), "dependencies"),
        (of_router(APIRouter(dependencies=[Depends(check_token)])), "dependencies"),
        (of_router(APIRouter(), dependencies=[Depends(check_token)]), "dependencies"),
        (of_app, "dependencies"),
        (of_router(APIRouter(route_class=TimedRoute)), "route class TimedRoute"),
        (add(response_model=int), "response_field"),
        (add(status_code=201), "status_code"),
        (add(response_class=PlainTextResponse), "response_class"),
        (add(max_body_size=10), "max_body_size"),
        (with_endpoint(wants_a_dependency), "dependencies"),
        (with_endpoint(wants_a_query), "query_params"),
        (with_endpoint(wants_a_body), "body_params"),
        (with_endpoint(returns_a_dict), "response_field"),
        (with_endpoint(wants_nothing), "async def endpoint"),
        (with_endpoint(runs_in_a_thread), "async def endpoint"),
    ],
)
def test_what_the_bypass_would_skip_is_refused(build: Callable[[], FastAPI], reason: str) -> None:
    """A check of a token, say, that is added to such a route stops the start in place of never running."""
    with pytest.raises(CannotBypass, match=reason):
        find_endpoints(build().routes, [PATH])


@pytest.mark.parametrize("path", ["/typo", "/healthz"])
def test_a_path_without_a_post_route_is_refused(path: str) -> None:
    """It would be a bypass of nothing."""
    router = APIRouter()
    router.add_api_route(PATH, double, methods=["POST"])
    with pytest.raises(CannotBypass, match=path):
        service(router, [path])


async def test_a_plain_route_may_bypass() -> None:
    """Tags, a summary and further documentation are not the framework's work."""
    documented = add(tags=["x"], summary="Double", openapi_extra={"x": 1}, responses={200: {"model": int}})
    assert find_endpoints(documented().routes, [PATH]) == {PATH: double}
