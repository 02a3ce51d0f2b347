"""Wire the viewer: its pages, its API, and the way to Prometheus."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.gzip import GZipMiddleware

from grafana.viewer.api import api_router
from grafana.viewer.dashboards import UnknownName
from grafana.viewer.pages import STATIC, pages_router
from grafana.viewer.prometheus import Prometheus, open_client
from grafana.viewer.settings import ViewerSettings

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(settings: ViewerSettings, client: httpx.AsyncClient | None = None) -> FastAPI:
    """Build the viewer; a test hands in its own client."""
    asking = client or open_client(str(settings.prometheus_url))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with asking:
            yield

    app = FastAPI(title="Dashboards", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(GZipMiddleware, minimum_size=2000)
    app.middleware("http")(_set_headers)
    app.add_exception_handler(UnknownName, _not_found)
    app.include_router(pages_router())
    app.include_router(api_router(settings.dashboards, Prometheus(asking)))
    app.mount("/static", StaticFiles(directory=STATIC))
    return app


async def _set_headers(request: Request, call_next: RequestResponseEndpoint) -> Response:
    response = await call_next(request)
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-cache")
    return response


def _not_found(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=404)
