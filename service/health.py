"""The three endpoints that the platform reads: liveness, readiness, metrics."""

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from service.draining import STOPS
from service.problems import Problem

PLATFORM_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


def health_router(registry: CollectorRegistry, not_ready: Callable[[], str | None]) -> APIRouter:
    """Build the routes; `not_ready` gives the reason why the program cannot serve, or None."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", summary="The process is alive")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz", summary="The program can do its work")
    async def readyz(request: Request) -> dict[str, str]:
        # over a kept connection: a request that waits must not be sent to a server that ends
        reason = "It stops." if hasattr(request.state, STOPS) else not_ready()
        if reason is not None:
            raise Problem(503, "Not ready", reason, {"Retry-After": "1"})
        return {"status": "ready"}

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
