"""Count and time requests under the route's template, so that a stranger's paths make no new series."""

import time
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LATENCY_BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
UNMATCHED = "unmatched"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class HttpMetrics:
    """The three HTTP metrics of one program."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        self.slot = slot
        self.requests = Counter(
            "http_requests_total",
            "Answered requests.",
            ["slot", "method", "path", "status"],
            registry=registry,
        )
        self.duration = Histogram(
            "http_request_duration_seconds",
            "Time from the request's head to the answer's last byte.",
            ["slot", "method", "path"],
            buckets=LATENCY_BUCKETS_SECONDS,
            registry=registry,
        )
        self.in_progress = Gauge(
            "http_requests_in_progress", "Requests being answered now.", ["slot"], registry=registry
        ).labels(slot)

    def record(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one answered request."""
        route = scope.get("route")
        path = getattr(route, "path", UNMATCHED)
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        requests, duration = self._series(method, path, status)
        requests.inc()
        duration.observe(seconds)

    @cache  # noqa: B019 - as long as the program; few, as strangers' paths and methods are not in it
    def _series(self, method: str, path: str, status: int) -> tuple[Counter, Histogram]:
        requests = self.requests.labels(self.slot, method, path, str(status))
        return requests, self.duration.labels(self.slot, method, path)


class HttpMetricsMiddleware:
    """Measure every HTTP request that passes."""

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500  # what the client gets when the program raises before it answers

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        with self.metrics.in_progress.track_inprogress():
            try:
                await self.app(scope, receive, send_and_note)
            finally:
                self.metrics.record(scope, status, time.perf_counter() - started)
