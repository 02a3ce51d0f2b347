"""The wiring: acceptance, publisher and what runs beside them, behind an HTTP app."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from inference.kept_packages import KeptPackages
from job_server.acceptance import LATER, Acceptance
from job_server.broker import Broker
from job_server.housekeeping import INTERVAL_SECONDS as HOUSEKEEPING_SECONDS
from job_server.housekeeping import Housekeeping
from job_server.measuring import INTERVAL_SECONDS as MEASURING_SECONDS
from job_server.measuring import Measuring
from job_server.metrics import JobMetrics
from job_server.publisher import Publisher
from job_server.routes.jobs import jobs_router
from job_server.routes.pages import pages_router
from job_server.settings import JobServerSettings
from job_server.store import JobStore
from mongodb.errors import StoreUnavailable
from mongodb.store import Store
from service.app import create_service, process_registry
from service.problems import Problem, problem_response
from service.running_jobs import RunningJobs

STOP_SECONDS = 8.0
FORGETTING_SECONDS = 5.0


def create_app(settings: JobServerSettings, store: Store, broker: Broker) -> FastAPI:
    """Build the app; nothing is connected and nothing runs before its lifespan begins."""
    jobs = JobStore(store.database)
    publisher = Publisher(jobs, broker)
    registry = process_registry()
    metrics = JobMetrics(registry, settings.slot, lambda: publisher.look)
    kept = KeptPackages(settings.kept_packages)
    acceptance = Acceptance(settings, jobs, kept)
    repeated = (
        ("publish", settings.publish_interval_seconds, publisher.run),
        ("measure", MEASURING_SECONDS, Measuring(jobs, metrics).run),
        ("forget what was refused", FORGETTING_SECONDS, acceptance.forget_refused),
        ("remove what is old", HOUSEKEEPING_SECONDS, Housekeeping(jobs, kept, settings.jobs_kept_days).run),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        scheduler, running = AsyncIOScheduler(timezone="UTC"), RunningJobs()
        for name, seconds, job in repeated:
            running.repeat(scheduler, name, seconds, job)
        scheduler.start()
        yield
        scheduler.pause()
        if await running.wait(STOP_SECONDS):
            await asyncio.to_thread(broker.close)
        scheduler.shutdown(wait=False)
        await store.close()

    app = create_service(
        settings,
        title="Jobs",
        registry=registry,
        routers=[jobs_router(acceptance, jobs), pages_router(settings)],
        not_ready=lambda: None,  # the broker may come and go: what waits for it, waits
        lifespan=lifespan,
        max_body_bytes=settings.max_job_bytes,
    )
    app.add_exception_handler(StoreUnavailable, database_away)
    return app


async def database_away(request: Request, _: Exception) -> JSONResponse:
    """Say that nothing was lost, and when to come again."""
    detail = "The database does not answer now, so nothing was taken or changed. Try again."
    return problem_response(Problem(503, "Service Unavailable", detail, LATER), request.url.path)
