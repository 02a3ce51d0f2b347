"""How late the event loop is: what blocks it keeps everybody waiting."""

import asyncio

from prometheus_client import CollectorRegistry, Gauge

TICK_SECONDS = 0.05
WINDOW_SECONDS = 15.0


class EventLoopLag:
    """The longest lag of the last one to two windows: several scrapes see a block, and none takes it away."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        self._longest = self._before = self._window_end = 0.0
        self._timer: asyncio.TimerHandle | None = None
        gauge = Gauge(
            "event_loop_lag_seconds",
            "Longest time by which the event loop was late, in the last 15 to 30 seconds.",
            ["slot"],
            registry=registry,
        )
        gauge.labels(slot).set_function(lambda: max(self._longest, self._before))

    def note(self, now: float, lag: float) -> None:
        """Take in that at `now` the loop was late by `lag` seconds."""
        if now >= self._window_end:
            is_next = now < self._window_end + WINDOW_SECONDS
            self._before, self._longest = (self._longest if is_next else 0.0), 0.0
            self._window_end = now + WINDOW_SECONDS
        self._longest = max(self._longest, lag)

    def start(self) -> None:
        """Measure the running loop from now on."""
        self._wait(asyncio.get_running_loop())

    def stop(self) -> None:
        """Measure no longer."""
        if self._timer:
            self._timer.cancel()

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        due = loop.time() + TICK_SECONDS
        self._timer = loop.call_at(due, self._tick, loop, due)

    def _tick(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        now = loop.time()
        self.note(now, now - due)
        self._wait(loop)
