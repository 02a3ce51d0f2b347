"""A FastAPI app with what all programs share: health, metrics, problem documents, request ids, limits."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from service.body_limit import BodyLimitMiddleware
from service.framework_bypass import FrameworkBypassMiddleware, find_endpoints
from service.health import health_router
from service.http_metrics import HttpMetrics, HttpMetricsMiddleware
from service.problems import install_problem_handlers
from service.request_id import RequestIdMiddleware
from service.settings import ServiceSettings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def process_registry() -> CollectorRegistry:
    """Build a registry that already knows the process: CPU, memory, open files, garbage collection."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry


def create_service(
    settings: ServiceSettings,
    *,
    title: str,
    registry: CollectorRegistry,
    routers: Sequence[APIRouter],
    not_ready: Callable[[], str | None],
    lifespan: Lifespan,
    max_body_bytes: int | Callable[[], int],
    headers: Callable[[], Mapping[str, str]] = dict,
    bypass: Sequence[str] = (),
) -> FastAPI:
    """Build the app: the given routes, health and metrics, problem+json, and a request id on every answer.

    What `headers` returns goes out with every answer, beside X-Request-ID and X-Slot. `bypass` are paths
    whose POST requests are answered without the framework; CannotBypass when one needs it.
    """
    app = FastAPI(title=title, lifespan=lifespan)
    for router in (*routers, health_router(registry, not_ready)):
        app.include_router(router)
    # Innermost first: a refused body and a crash are counted, and every answer gets its id.
    app.add_middleware(FrameworkBypassMiddleware, endpoints=find_endpoints(app.routes, bypass))
    install_problem_handlers(app)
    app.add_middleware(BodyLimitMiddleware, max_bytes=max_body_bytes)
    app.add_middleware(HttpMetricsMiddleware, metrics=HttpMetrics(registry, settings.slot))
    app.add_middleware(RequestIdMiddleware, headers=lambda: {"X-Slot": settings.slot, **headers()})
    return app
