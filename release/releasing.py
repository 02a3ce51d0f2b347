"""Releases as a part of the program: the controller with all that it works with."""

from collections.abc import Sequence

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]
from fastapi import APIRouter

from mongodb.outbox import Outbox
from mongodb.store import Store
from release.announcements import Announcements
from release.controller import Controller
from release.feedback import MongodbFeedback
from release.job import Job
from release.judge import Judge
from release.metrics import ReleaseMetrics
from release.nginx_configuration import NginxConfiguration
from release.observation import Observation
from release.package_folder import PackageFolder
from release.packages import ReplacementJournal, SlotPackages
from release.preparation import Preparation
from release.prometheus import Prometheus
from release.promotion import ServedPackage
from release.registry.candidates import Candidates
from release.registry.versions import Registry
from release.replicas import Replicas
from release.routes.releases import releases_router
from release.settings import ReleaseSettings
from release.split_file import CannotRead, SplitFile
from release.store import ReleaseStore
from release.traffic.orders import production_of
from service.clock import utc_now
from service.slots import CANDIDATE, STABLE
from service.token import token_demand

TICK_SECONDS = 1


class Releasing:
    """The controller, its job and its routes; after each tick `metrics` show what came of it."""

    def __init__(
        self, settings: ReleaseSettings, store: Store, outbox: Outbox, metrics: ReleaseMetrics
    ) -> None:
        self.split_file = SplitFile(settings.split_file)
        self.store = ReleaseStore(store.database)
        self._prometheus = Prometheus(settings.prometheus_url)
        self._nginx = NginxConfiguration(settings.nginx_url, settings.split_file)
        token = settings.shared_token
        replicas = {
            STABLE: Replicas(settings.stable_replicas, token),
            CANDIDATE: Replicas(settings.candidate_replicas, token),
        }
        folders = {STABLE: settings.stable_package, CANDIDATE: settings.candidate_package}
        served = {
            slot: ServedPackage(
                PackageFolder(folder), replicas[slot].reload, ReplacementJournal(store.database, slot)
            )
            for slot, folder in folders.items()
        }
        packages = SlotPackages(served[STABLE], settings.candidate_package, self.store.current)
        feedback = MongodbFeedback(store.database)
        self.judge = Judge(self._prometheus, self.store, feedback, utc_now)
        self.controller = Controller(
            store=self.store,
            split_file=self.split_file,
            in_effect=self._nginx.in_effect,
            packages=packages,
            judge=self.judge,
            announce=Announcements(outbox, settings.dashboards_url, utc_now).announce,
            now=utc_now,
        )
        self.registry = Registry(
            settings.models,
            {slot: one.packages for slot, one in served.items()},
            lambda: slot_of_production(self.split_file),
        )
        self.candidates = Candidates(
            controller=self.controller,
            store=self.store,
            split_file=self.split_file,
            registry=self.registry,
            slot=served[CANDIDATE],
            now=utc_now,
        )
        preparation = Preparation(
            plan_file=settings.plan_file,
            folders=folders,
            replicas=replicas,
            split_file=self.split_file,
            in_effect=self._nginx.in_effect,
            now=utc_now,
        )
        observation = Observation(
            controller=self.controller,
            store=self.store,
            judge=self.judge,
            split_file=self.split_file,
            metrics=metrics,
            now=utc_now,
        )
        before = [self.store.prepare, feedback.prepare, packages.resume, self.candidates.resume]
        self._job = Job("the release", observation.tick, TICK_SECONDS, before)
        self.routers: Sequence[APIRouter] = [
            releases_router(
                self.controller,
                self.store,
                self.candidates,
                check=preparation.check,
                prepare=preparation.prepare,
                seen=lambda: self.judge.seen,
                now=utc_now,
                demand_token=token_demand(token),
            )
        ]

    def add_to(self, scheduler: AsyncIOScheduler) -> None:
        """Add the job."""
        self._job.add_to(scheduler)

    async def stop(self) -> None:
        """Let the step that is under way end, and close the connections."""
        await self._job.stop()
        await self._prometheus.close()
        await self._nginx.close()


def slot_of_production(split_file: SplitFile) -> str:
    """Return the slot that people's traffic counts on; the stable one while the file does not say."""
    try:
        return production_of(split_file.read().weights)
    except CannotRead:
        return STABLE
