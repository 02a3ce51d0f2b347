"""Orders about the traffic, and the shadow's comparison, as a part of the program."""

from collections.abc import Sequence

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]
from fastapi import APIRouter
from prometheus_client import CollectorRegistry

from mongodb.store import Store
from release.job import Job
from release.nginx_configuration import NginxConfiguration
from release.releasing import Releasing
from release.routes.shadow import shadow_router
from release.routes.traffic import traffic_router
from release.settings import ReleaseSettings
from release.shadow.metrics import ShadowMetrics
from release.shadow.pairs import PairStore, ShadowPairs
from release.traffic.answered import AnsweredPredictions
from release.traffic.orders import Traffic
from service.clock import utc_now
from service.token import token_demand

PAIRS_SECONDS = 10


class TrafficPart:
    """Shares the file and the controller's turn with `releasing`."""

    def __init__(
        self, settings: ReleaseSettings, store: Store, releasing: Releasing, registry: CollectorRegistry
    ) -> None:
        self._nginx = NginxConfiguration(settings.nginx_url, settings.split_file)
        self._answered = AnsweredPredictions(settings.nginx_log_exporter_url)
        orders = Traffic(
            controller=releasing.controller,
            store=releasing.store,
            split_file=releasing.split_file,
            in_effect=self._nginx.in_effect,
            count=self._answered,
            now=utc_now,
        )
        pairs = PairStore(store.database)
        metrics = ShadowMetrics(registry, settings.slot)
        shadow = ShadowPairs(pairs, metrics.show, utc_now)
        self._job = Job(
            "the shadow's comparison",
            lambda: shadow.run(is_to_end=lambda: self._job.is_stopping),
            PAIRS_SECONDS,
        )
        self.routers: Sequence[APIRouter] = [
            traffic_router(orders, token_demand(settings.shared_token)),
            shadow_router(pairs),
        ]

    def add_to(self, scheduler: AsyncIOScheduler) -> None:
        """Add the job."""
        self._job.add_to(scheduler)

    async def stop(self) -> None:
        """Let what is under way end, and close the connections."""
        await self._job.stop()
        await self._nginx.close()
        await self._answered.close()
