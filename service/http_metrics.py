"""Count and time requests under the route's template, so that a stranger's paths make no new series."""

import time
from contextlib import nullcontext
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.health import PLATFORM_PATHS
from service.traffic import KEY, TRIALS, USER, Traffic, traffic_of

LATENCY_BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
UNMATCHED = "unmatched"
STARTED = "started"  # where a request's scope says when its head came, in time.perf_counter()'s seconds
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
            "http_requests_in_progress", "Users' requests being answered now.", ["slot"], registry=registry
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


class TrialMetrics:
    """The requests that are no user's, counted apart: no objective is about them."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        self._slot = slot
        self._requests = Counter(
            "trial_requests_total",
            "Answered requests that were no user's: forced, test or shadow.",
            ["slot", "traffic", "status"],
            registry=registry,
        )
        duration = Histogram(
            "trial_request_duration_seconds",
            "Time from such a request's head to its answer's last byte.",
            ["slot", "traffic"],
            buckets=LATENCY_BUCKETS_SECONDS,
            registry=registry,
        )
        self._duration = {traffic: duration.labels(slot, traffic) for traffic in TRIALS}
        for traffic in TRIALS:
            self._requests.labels(slot, traffic, "200")

    def record(self, traffic: Traffic, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.labels(self._slot, traffic, str(status)).inc()
        self._duration[traffic].observe(seconds)


class HttpMetricsMiddleware:
    """Measure every HTTP request that passes; with `trials`, those that are no user's go there."""

    def __init__(self, app: ASGIApp, metrics: HttpMetrics, trials: TrialMetrics | None = None) -> None:
        self.app = app
        self.metrics = metrics
        self.trials = trials

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

        started = scope[STARTED] = time.perf_counter()
        traffic = scope[KEY] = USER if self.trials is None else traffic_of(scope)
        # The scrape that reads the gauge is no user's request: an idle server has none.
        not_a_users = traffic != USER or scope["path"] in PLATFORM_PATHS
        with nullcontext() if not_a_users else self.metrics.in_progress.track_inprogress():
            try:
                await self.app(scope, receive, send_and_note)
            finally:
                seconds = time.perf_counter() - started
                if self.trials is None or traffic == USER:
                    self.metrics.record(scope, status, seconds)
                else:
                    self.trials.record(traffic, status, seconds)
