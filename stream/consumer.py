"""What the programs that read the stream have in common: how they stand with Kafka, and their HTTP app."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric

from service.app import create_service
from stream.background import Work
from stream.settings import StreamSettings


class Connection:
    """Whether Kafka answers, and how many messages wait there: `NAME_connected` and `NAME_lag_records`."""

    def __init__(self, name: str, slot: str) -> None:
        self._name = name
        self._slot = slot
        self._lag = 0
        self._is_up = False

    def up(self, lag: int) -> None:
        """Note that Kafka answers, and how many messages wait there."""
        self._is_up, self._lag = True, lag

    def down(self) -> None:
        """Note that Kafka does not answer."""
        self._is_up = False

    def collect(self) -> Iterator[Metric]:
        """Yield both."""
        yield self._gauge("lag_records", "Messages that wait in Kafka.", self._lag)
        yield self._gauge("connected", "1 while Kafka answers.", float(self._is_up))

    def _gauge(self, what: str, text: str, value: float) -> Metric:
        gauge = GaugeMetricFamily(f"{self._name}_{what}", text, labels=["slot"])
        gauge.add_metric([self._slot], value)
        return gauge


def create_consumer_app(
    settings: StreamSettings,
    title: str,
    registry: CollectorRegistry,
    work: Work,
    close: Callable[[], None] = lambda: None,
) -> FastAPI:
    """Build the app: the work runs while it does, and it is ready while the work is; `close` comes last."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with work.running():
            yield
        close()

    return create_service(
        settings,
        title=title,
        registry=registry,
        routers=[],
        not_ready=lambda: work.fault,
        lifespan=lifespan,
        max_body_bytes=0,
    )
