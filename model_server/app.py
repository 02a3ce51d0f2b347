"""Wire the model server: backend, predictor, sample writer, reloader, routes."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from inference.backend import Backend
from model_server.backends import parallel_batches
from model_server.batching.inference_mode import choose_mode
from model_server.batching.predictor import Predictor
from model_server.batching.request_queue import QueueLimits
from model_server.feature_statistics import FeatureStatistics
from model_server.feedback.joiner import FeedbackStore, LabelJoiner
from model_server.internal_app import create_internal_app
from model_server.metrics import ModelMetrics
from model_server.prediction_service import PredictionService
from model_server.reload.reloader import Reloader
from model_server.routes.feedback import feedback_router
from model_server.routes.inference_protocol import inference_protocol_router
from model_server.routes.page import page_router
from model_server.routes.predict import PATH, predict_router
from model_server.samples.recorder import Recorder
from model_server.samples.writer import SampleStore, SampleWriter
from model_server.settings import ModelServerSettings
from mongodb.feedback import LabelledPackage
from service.app import Lifespan, create_service
from service.http_metrics import TrialMetrics

DRAIN_SAMPLES_SECONDS = 5.0
LONGEST_STALL_SECONDS = 10.0

logger = logging.getLogger(__name__)


class Readiness:
    """Why the server cannot serve, or None; `stalled_seconds` asks the predictor."""

    reason: str | None = "the server is starting"

    def __init__(self, stalled_seconds: Callable[[], float]) -> None:
        self._stalled_seconds = stalled_seconds

    def __call__(self) -> str | None:
        stalled = self._stalled_seconds()
        if self.reason is None and stalled > LONGEST_STALL_SECONDS:
            return f"no prediction has come to an end for {stalled:.0f} s"
        return self.reason


class SlotStore(SampleStore, FeedbackStore, Protocol):
    """The part of the store that a slot needs."""


@dataclass(frozen=True)
class Apps:
    """The public app, the one for the stack's own programs, and the reloader that a signal calls."""

    public: FastAPI
    internal: FastAPI
    reloader: Reloader


def create_apps(
    settings: ModelServerSettings,
    load: Callable[[], Backend],
    store: SlotStore,
    registry: CollectorRegistry,
) -> Apps:
    """Build the apps around a store and the backend that `load` loads, now and at each reload.

    Raises:
        BadModelPackage: it cannot be served.
    """
    backend = load()
    metrics = ModelMetrics(registry, settings.slot)
    features = FeatureStatistics(registry, settings.slot)
    predictor = create_predictor(settings, metrics)
    writer = SampleWriter(store, metrics, settings.sample_queue_size)
    use = backend_switch(settings, predictor, metrics, features, writer)
    use(backend)
    joiner = LabelJoiner(store, settings.sample_rate)
    recorder = Recorder(settings.slot, settings.sample_rate, metrics, features, writer.offer)
    readiness = Readiness(lambda: predictor.stalled_seconds)
    reloader = Reloader(load, use, metrics)
    lifespan = create_lifespan(readiness, writer, joiner, store, predictor)
    service = PredictionService(predictor, recorder)
    public = create_public_app(settings, registry, service, readiness, joiner=joiner, lifespan=lifespan)
    return Apps(public, create_internal_app(predictor, reloader, settings.shared_token), reloader)


def create_predictor(settings: ModelServerSettings, metrics: ModelMetrics) -> Predictor:
    """Build the predictor with its queue and as many threads as batches run side by side."""
    limits = QueueLimits(settings.batch_max_size, settings.queue_size, settings.queue_deadline_seconds)
    return Predictor(metrics, limits, threads=parallel_batches(settings))


def backend_switch(
    settings: ModelServerSettings,
    predictor: Predictor,
    metrics: ModelMetrics,
    features: FeatureStatistics,
    writer: SampleWriter,
) -> Callable[[Backend], None]:
    """Return what makes a backend the one that serves, at the start and at each reload."""

    def use(backend: Backend) -> None:
        mode = choose_mode(backend.info, settings.device, settings.inline_inference)
        metrics.show_model(backend.info, mode)
        manifest = backend.info.manifest
        features.watch(backend.info)
        writer.announce(
            LabelledPackage(backend.info.sha256, manifest.name, manifest.version, manifest.classes)
        )
        predictor.use(backend, mode)
        milliseconds = round(1000 * backend.info.batch_seconds, 3)
        chosen = {"mode": mode, "inline_inference": settings.inline_inference}
        logger.info("inference mode chosen", extra={**chosen, "full_batch_milliseconds": milliseconds})

    return use


def create_lifespan(
    readiness: Readiness, writer: SampleWriter, joiner: LabelJoiner, store: SlotStore, predictor: Predictor
) -> Lifespan:
    """Return what runs from the start of the server to the end of its draining."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        working = [asyncio.create_task(one.run()) for one in (writer, joiner)]
        readiness.reason = None
        manifest = predictor.backend.info.manifest
        logger.info("ready", extra={"model": manifest.name, "version": manifest.version})
        yield
        for one in working:
            one.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await one
        await writer.drain(DRAIN_SAMPLES_SECONDS)
        await store.close()
        predictor.close()

    return lifespan


def create_public_app(
    settings: ModelServerSettings,
    registry: CollectorRegistry,
    service: PredictionService,
    readiness: Readiness,
    *,
    joiner: LabelJoiner,
    lifespan: Lifespan,
) -> FastAPI:
    """Build the app that clients reach."""
    return create_service(
        settings,
        title="Model server",
        registry=registry,
        routers=[
            page_router(service, settings.image_formats),
            predict_router(settings.slot, service, fault_injection=settings.fault_injection),
            inference_protocol_router(service, readiness),
            feedback_router(joiner),
        ],
        not_ready=readiness,
        lifespan=lifespan,
        max_body_bytes=settings.max_body_bytes,
        headers=lambda: service.model.headers,
        bypass=[PATH],
        trials=TrialMetrics(registry, settings.slot),
    )
