"""The wiring: production and what it sends to, behind an HTTP app."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import numpy as np
from confluent_kafka import Producer
from fastapi import FastAPI

from service.app import create_service, process_registry
from stream.producer.metrics import ProducerMetrics
from stream.producer.production import Production
from stream.producer.routes.world import world_router
from stream.producer.sender import Client, Sender
from stream.producer.settings import ProducerSettings
from stream.producer.worlds import world_of
from stream.topics import ensure_topics

MOST_BODY_BYTES = 10_000


def create_app(
    settings: ProducerSettings,
    *,
    connect: Callable[[dict[str, Any]], Client] = Producer,
    prepare: Callable[[str, tuple[str, ...], int], object] = ensure_topics,
) -> FastAPI:
    """Build the app; nothing is made or sent before its lifespan begins."""
    registry = process_registry()
    metrics = ProducerMetrics(registry, settings.slot)
    sender = Sender(settings.kafka_brokers, settings.topic, settings.most_waiting, metrics, connect)
    production = Production(
        sender,
        metrics,
        choose=partial(world_of, settings.model_package),
        prepare=partial(prepare, settings.kafka_brokers, (settings.topic,), settings.partitions),
        rng=np.random.default_rng(),
    )
    metrics.show(lambda: production.conditions)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        production.start(settings.producer_rate)
        running = asyncio.create_task(production.run())
        yield
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await asyncio.to_thread(sender.close)

    return create_service(
        settings,
        title="Producer",
        registry=registry,
        routers=[world_router(production, sender)],
        not_ready=lambda: None,  # the broker may come and go: what waits for it, waits
        lifespan=lifespan,
        max_body_bytes=MOST_BODY_BYTES,
    )
