"""The versions of models as a part of the program: their routes, and what Prometheus is told of them."""

import asyncio
from collections.abc import Sequence

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]
from fastapi import APIRouter
from prometheus_client import CollectorRegistry

from release.job import Job
from release.registry.metrics import VersionMetrics
from release.releasing import Releasing
from release.routes.models import models_router
from release.settings import ReleaseSettings
from service.token import token_demand

LISTING_SECONDS = 5


class RegistryPart:
    """Shares the registry and the controller's turn with `releasing`."""

    def __init__(self, settings: ReleaseSettings, releasing: Releasing, registry: CollectorRegistry) -> None:
        metrics = VersionMetrics(registry, settings.slot)

        async def show() -> None:
            metrics.show(await asyncio.to_thread(releasing.registry.versions))

        self._job = Job("the listing of models", show, LISTING_SECONDS)
        demand = token_demand(settings.shared_token)
        self.routers: Sequence[APIRouter] = [models_router(releasing.registry, releasing.candidates, demand)]

    def add_to(self, scheduler: AsyncIOScheduler) -> None:
        """Add the job."""
        self._job.add_to(scheduler)

    async def stop(self) -> None:
        """Let a listing that is under way end."""
        await self._job.stop()
