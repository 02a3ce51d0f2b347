"""The wiring: a detector, the store and the schedule behind an HTTP app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI

from drift_detector_server.detectors.score import Detector
from drift_detector_server.metrics import DriftMetrics
from drift_detector_server.reference import Reference
from drift_detector_server.routes.driftdetect import driftdetect_router
from drift_detector_server.routes.results import results_router
from drift_detector_server.schedule import Schedule
from drift_detector_server.scorer import Scorer
from drift_detector_server.scoring import WindowScoring
from drift_detector_server.settings import DetectorSettings
from drift_detector_server.windows import WindowRule
from mongodb.store import Store
from service.app import create_service, process_registry

BYTES_PER_VALUE = 32  # of JSON: a float's 17 digits, sign, exponent, comma and white space


def create_app(settings: DetectorSettings, detector: Detector, reference: Reference, store: Store) -> FastAPI:
    """Build the app; the detector has proved that it can score."""
    registry = process_registry()
    scorer = Scorer(detector)
    scoring = WindowScoring(
        slot=settings.slot,
        store=store,
        scorer=scorer,
        reference=reference,
        rule=window_rule(settings),
        p_value_threshold=settings.p_value_threshold,
        metrics=DriftMetrics(registry, settings.slot),
    )
    schedule = Schedule(scoring, store, settings.score_interval_seconds)

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
            driftdetect_router(scorer, reference, settings.max_batch_rows),
            results_router(store, settings.slot),
        ],
        # Ready as soon as it listens: it has scored before that. The database may come and go; that the
        # windows are scored is what drift_last_scored_timestamp_seconds tells.
        not_ready=lambda: None,
        lifespan=lifespan,
        max_body_bytes=settings.max_batch_rows * reference.width * BYTES_PER_VALUE + 65_536,
    )


def window_rule(settings: DetectorSettings) -> WindowRule:
    """Return when a window is due."""
    max_wait = timedelta(seconds=settings.window_max_wait_seconds)
    return WindowRule(settings.window_size, settings.window_min_samples, max_wait)
