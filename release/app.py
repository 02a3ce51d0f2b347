"""The wiring: the outbox with its channels, and further parts, behind an HTTP app with one scheduler."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from mongodb.store import Store
from release.notifications.alerts import create_alert_webhook
from release.notifications.delivery import Channel
from release.notifications.metrics import NotificationMetrics
from release.notifications.schedule import NotificationSchedule
from release.parts import Jobs, Part
from release.routes.messages import messages_router
from release.settings import ReleaseSettings
from service.app import create_service, process_registry
from service.token import token_demand

MAX_BODY_BYTES = 2**20


def create_app(
    settings: ReleaseSettings,
    store: Store,
    channels: Sequence[Channel],
    parts: Sequence[Part] = (),
    registry: CollectorRegistry | None = None,
) -> FastAPI:
    """Build the app; nothing is connected and nothing runs before its lifespan begins.

    `registry` is where the parts' metrics are.
    """
    registry = registry or process_registry()
    outbox = store.outbox([one.name for one in channels])
    metrics = NotificationMetrics(registry, settings.slot, {one.scheme for one in channels})
    notifications = NotificationSchedule(outbox, channels, metrics, settings.notify_interval_seconds)
    scheduled: Sequence[Jobs] = (notifications, *parts)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        scheduler = AsyncIOScheduler(timezone="UTC")
        for one in scheduled:
            one.add_to(scheduler)
        scheduler.start()
        yield
        scheduler.pause()
        await asyncio.gather(*(one.stop() for one in scheduled))
        scheduler.shutdown(wait=False)
        await store.close()

    return create_service(
        settings,
        title="Release",
        registry=registry,
        routers=[
            create_alert_webhook(outbox, settings.dashboards_url),
            messages_router(outbox, settings.dashboards_url, token_demand(settings.shared_token)),
            *(router for part in parts for router in part.routers),
        ],
        not_ready=lambda: None,  # the database may come and go: what waits for it, waits
        lifespan=lifespan,
        max_body_bytes=MAX_BODY_BYTES,
    )
