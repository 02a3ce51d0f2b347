"""The metrics of nginx's answers. `slot` says whose answer it was; `shared`, that it was nginx's own."""

from itertools import product

from prometheus_client import CollectorRegistry, Counter, Histogram

from proxy.exporter.access_log import KINDS, NOBODY, REASONS, WITHOUT_A_CLIENT, Response
from service.slots import SLOTS

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0, 60.0)
MOST_ADDRESSES = 1000  # containers get new ones
FROM_THE_START = ("200", "500", "502", "503", "504")  # so that a rate sees the first one


class ResponseMetrics:
    """Counters and a histogram, which exist at 0 from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._responses = Counter(
            "nginx_responses_total",
            "Answers to clients, by who gave them, what was asked for, and status.",
            ("slot", "kind", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "nginx_response_duration_seconds",
            "Time from the whole request to the answer, all servers that were asked together.",
            ("slot", "kind"),
            buckets=SECONDS,
            registry=registry,
        )
        self._successful_seconds = Counter(
            "nginx_successful_response_seconds_total",
            "The time of the answers with a status of 2xx, added up.",
            ("slot", "kind"),
            registry=registry,
        )
        self._retried = Counter(
            "nginx_requests_retried_total",
            "Requests that a second server was asked for: who answered, who was asked first, what it did.",
            ("slot", "asked", "reason"),
            registry=registry,
        )
        self._unreadable = Counter(
            "nginx_log_lines_unreadable_total",
            "Datagrams that are no line of nginx's log.",
            ("slot",),
            registry=registry,
        )
        self._unreadable.labels(NOBODY)
        for slot, kind in product((*SLOTS, NOBODY), KINDS):
            self._seconds.labels(slot, kind)
            self._successful_seconds.labels(slot, kind)
            for status in FROM_THE_START:
                self._responses.labels(slot, kind, status)
        for slot, asked, reason in product((*SLOTS, NOBODY), (*SLOTS, NOBODY), REASONS):
            self._retried.labels(slot, asked, reason)
        self._slots_at = dict[str, str]()

    def count(self, response: Response) -> None:
        """Count one answer."""
        self._responses.labels(response.slot, response.kind, str(response.status)).inc()
        self._seconds.labels(response.slot, response.kind).observe(response.seconds)
        if 200 <= response.status < 300:
            self._successful_seconds.labels(response.slot, response.kind).inc(response.seconds)
        self._learn(response)
        if response.retried and response.kind not in WITHOUT_A_CLIENT:
            asked = self._slots_at.get(response.servers[0], NOBODY) if response.servers else NOBODY
            self._retried.labels(response.slot, asked, response.retried).inc()

    def count_unreadable(self) -> None:
        """Count a datagram that was dropped."""
        self._unreadable.labels(NOBODY).inc()

    def _learn(self, response: Response) -> None:
        """Note whose address answered: who gives no answer does not say who it is."""
        if response.slot != NOBODY and response.servers:
            if len(self._slots_at) >= MOST_ADDRESSES:
                self._slots_at.clear()
            self._slots_at[response.servers[-1]] = response.slot
