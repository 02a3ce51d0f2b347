"""The wiring: the slot's package, the store and the schedule behind an HTTP app."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from drift_detector_server.executor import DetectorExecutor
from drift_detector_server.feedback_job import INTERVAL_SECONDS, FeedbackJob
from drift_detector_server.metrics import DriftMetrics, FeedbackMetrics, Model
from drift_detector_server.packages import Packages
from drift_detector_server.routes.driftdetect import driftdetect_router
from drift_detector_server.routes.results import results_router
from drift_detector_server.schedule import Schedule
from drift_detector_server.scoring_job import ScoringJob
from drift_detector_server.settings import DetectorSettings
from mongodb.store import Store
from service.app import create_service, process_registry

BYTES_PER_VALUE = 32  # of JSON: a float's 17 digits, sign, exponent, comma and white space


def create_app(
    settings: DetectorSettings,
    packages: Packages,
    store: Store,
    current: Callable[[], DetectorSettings],
) -> FastAPI:
    """Build the app; the package's detector has proved that it can score.

    `current` gives the settings of this moment: the slot's choice of detection may change while it runs.
    """
    registry = process_registry()
    executor = DetectorExecutor()
    job = ScoringJob(
        slot=settings.slot,
        store=store,
        executor=executor,
        packages=packages,
        settings=current,
        metrics=DriftMetrics(registry, settings.slot),
    )
    feedback = FeedbackJob(
        settings.slot,
        store,
        FeedbackMetrics(registry, settings.slot),
        lambda: Model(packages.served.model, packages.served.version),
    )
    interval = settings.score_interval_seconds
    schedule = Schedule(
        job, store, interval, feedback=feedback, feedback_interval_seconds=max(interval, INTERVAL_SECONDS)
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        schedule.start()
        yield
        await schedule.stop()
        await store.close()

    return create_service(
        settings,
        title=f"Drift detector of {settings.slot}",
        registry=registry,
        routers=[
            driftdetect_router(executor, packages, settings.max_batch_rows),
            results_router(store, settings.slot),
        ],
        # Ready as soon as it listens: it has scored before that. The database may come and go; that the
        # windows are scored is what drift_last_scored_timestamp_seconds tells.
        not_ready=lambda: None,
        lifespan=lifespan,
        max_body_bytes=lambda: (
            settings.max_batch_rows * packages.served.reference.width * BYTES_PER_VALUE + 65_536
        ),
    )
