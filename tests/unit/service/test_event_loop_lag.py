"""The longest lag of the event loop is shown for a while, and to everybody who looks."""

import asyncio
import time

import pytest
from prometheus_client import CollectorRegistry

from service.event_loop_lag import WINDOW_SECONDS, EventLoopLag
from tests.unit.service.test_service import small_service


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def shown(registry: CollectorRegistry) -> float:
    value = registry.get_sample_value("event_loop_lag_seconds", {"slot": "a"})
    assert value is not None
    return value


def test_a_lag_is_shown_for_one_to_two_windows(registry: CollectorRegistry) -> None:
    """Every scrape within that time sees it, and reading does not take it away."""
    lag = EventLoopLag(registry, "a")
    assert shown(registry) == 0
    lag.note(100, 0.5)
    lag.note(101, 0.1)
    assert shown(registry) == shown(registry) == 0.5
    lag.note(100 + WINDOW_SECONDS, 0.2)
    assert shown(registry) == 0.5
    lag.note(100 + 2 * WINDOW_SECONDS, 0.1)
    assert shown(registry) == 0.2


def test_after_a_long_block_only_that_is_shown(registry: CollectorRegistry) -> None:
    """What was before is too old by then."""
    lag = EventLoopLag(registry, "a")
    lag.note(100, 0.5)
    lag.note(100 + 10 * WINDOW_SECONDS, 0.1)
    assert shown(registry) == 0.1


async def test_a_program_measures_its_own_loop() -> None:
    """From its start on: what blocks the loop shows in its metrics."""
    registry = CollectorRegistry()
    app = small_service(registry=registry)
    slot = {"slot": "model_server_new"}
    async with app.router.lifespan_context(app), asyncio.timeout(10):
        time.sleep(0.3)  # noqa: ASYNC251 - the block itself
        while (registry.get_sample_value("event_loop_lag_seconds", slot) or 0) < 0.2:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)
