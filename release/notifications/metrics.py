"""What Prometheus is told of the notifications. A channel is its scheme: a URL holds secrets."""

from collections.abc import Iterable
from datetime import datetime
from time import time

from prometheus_client import CollectorRegistry, Counter, Gauge

from mongodb.outbox import Backlog

SENT, FAILED, GIVEN_UP = OUTCOMES = ("sent", "failed", "given_up")


class NotificationMetrics:
    """The outbox as it was last seen, and the outcome of every attempt of this process."""

    def __init__(self, registry: CollectorRegistry, slot: str, schemes: Iterable[str]) -> None:
        self._slot = slot
        self._oldest: datetime | None = None
        self._pending = Gauge(
            "notifications_pending",
            "Messages that a channel has not taken yet, for each channel.",
            ["slot"],
            registry=registry,
        ).labels(slot)
        Gauge(
            "notification_oldest_pending_seconds",
            "For how long the oldest of them has been waiting; 0 where none waits.",
            ["slot"],
            registry=registry,
        ).labels(slot).set_function(self._oldest_seconds)
        self._sent = Counter(
            "notifications_sent",
            "Attempts to hand a message to a channel, and messages given up.",
            ["slot", "channel", "outcome"],
            registry=registry,
        )
        for scheme in schemes:
            for outcome in OUTCOMES:
                self._sent.labels(slot, scheme, outcome)

    def count(self, scheme: str, outcome: str) -> None:
        """Count the outcome of an attempt, or a message that is given up."""
        self._sent.labels(self._slot, scheme, outcome).inc()

    def show(self, backlog: Backlog) -> None:
        """Show what waits."""
        self._pending.set(backlog.deliveries)
        self._oldest = backlog.oldest

    def _oldest_seconds(self) -> float:
        # Computed at each scrape: it grows also while the database does not say what waits.
        return 0.0 if self._oldest is None else max(0.0, time() - self._oldest.timestamp())
