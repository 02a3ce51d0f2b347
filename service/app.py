"""A FastAPI app with what all programs share: health, metrics, problem documents, request ids, limits."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from starlette.middleware.cors import CORSMiddleware

from service.admission import AdmissionMiddleware
from service.body_limit import BodyLimitMiddleware
from service.event_loop_lag import EventLoopLag
from service.framework_bypass import FrameworkBypassMiddleware, find_endpoints
from service.hand_over import refusal_headers
from service.health import health_router
from service.http_metrics import HttpMetrics, HttpMetricsMiddleware, TrialMetrics
from service.problems import install_problem_handlers
from service.request_id import RequestIdMiddleware
from service.settings import ProgramSettings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def process_registry() -> CollectorRegistry:
    """Build a registry that already knows the process: CPU, memory, open files, garbage collection."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry


def create_service(
    settings: ProgramSettings,
    *,
    title: str,
    registry: CollectorRegistry,
    routers: Sequence[APIRouter],
    not_ready: Callable[[], str | None],
    lifespan: Lifespan,
    max_body_bytes: int | Callable[[], int],
    headers: Callable[[], Mapping[str, str]] = dict,
    bypass: Sequence[str] = (),
    trials: TrialMetrics | None = None,
) -> FastAPI:
    """Build the app: the given routes, health and metrics, problem+json, and a request id on every answer.

    What `headers` returns goes out with every answer, beside X-Request-ID and X-Slot. `bypass` are paths
    whose POST requests are answered without the framework; CannotBypass when one needs it. With `trials` the
    requests that nginx marks as no user's are counted there, and else nowhere.
    """
    lifespan = measured(lifespan, EventLoopLag(registry, settings.slot))
    app = FastAPIOffline(title=title, lifespan=lifespan)  # /docs shows its page without a CDN
    for router in (*routers, health_router(registry, not_ready)):
        app.include_router(router)
    # Innermost first: a refused body and a crash are counted, and every answer gets its id.
    app.add_middleware(FrameworkBypassMiddleware, endpoints=find_endpoints(app.routes, bypass))
    install_problem_handlers(app, refusal_headers)  # another slot may answer what a stop breaks off
    app.add_middleware(BodyLimitMiddleware, max_bytes=max_body_bytes)
    if settings.cors_origins:
        allow_other_origins(app, settings.cors_origins, ["X-Request-ID", "X-Slot", *headers()])
    app.add_middleware(
        AdmissionMiddleware, allowed_hosts=settings.allowed_hosts, cors_origins=settings.cors_origins
    )
    app.add_middleware(HttpMetricsMiddleware, metrics=HttpMetrics(registry, settings.slot), trials=trials)
    app.add_middleware(RequestIdMiddleware, headers=lambda: {"X-Slot": settings.slot, **headers()})
    return app


def measured(lifespan: Lifespan, lag: EventLoopLag) -> Lifespan:
    """Return the lifespan with the event loop's lag measured."""

    @asynccontextmanager
    async def measured_lifespan(app: FastAPI) -> AsyncIterator[None]:
        lag.start()
        try:
            async with lifespan(app):
                yield
        finally:
            lag.stop()

    return measured_lifespan


def allow_other_origins(app: FastAPI, origins: Sequence[str], headers: Sequence[str]) -> None:
    """Tell browsers that pages of these origins may send requests, and read the answers and these headers."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["*"],  # what a path does not have is answered 405
        allow_headers=["*"],
        expose_headers=headers,
    )
