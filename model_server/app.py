"""Wire the model server: package, predictor, sample writer, routes."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from model_server.classifier import Classifier
from model_server.cpu_quota import available_cpus
from model_server.metrics import ModelMetrics
from model_server.prediction import Predictor
from model_server.routes.page import page_router
from model_server.routes.predict import predict_router
from model_server.sample_writer import SampleStore, SampleWriter
from model_server.settings import ModelServerSettings
from service.app import create_service, process_registry

DRAIN_SAMPLES_SECONDS = 5.0

logger = logging.getLogger(__name__)


class Readiness:
    """Why the server cannot serve, or None."""

    reason: str | None = "the server is starting"

    def __call__(self) -> str | None:
        return self.reason


def create_app(settings: ModelServerSettings, classifier: Classifier, store: SampleStore) -> FastAPI:
    """Build the app around a loaded model and a store of samples."""
    registry = process_registry()
    metrics = ModelMetrics(registry, settings.slot, classifier.package)
    threads = settings.cpu_threads or available_cpus()
    predictor = Predictor(
        classifier,
        metrics,
        threads=threads,
        queue_size=settings.queue_size,
        max_pixels=settings.max_image_pixels,
    )
    writer = SampleWriter(store, metrics, settings.sample_queue_size)
    readiness = Readiness()
    manifest = classifier.package.manifest

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        writing = asyncio.create_task(writer.run())
        readiness.reason = None
        logger.info("ready", extra={"model": manifest.name, "version": manifest.version, "threads": threads})
        yield
        readiness.reason = "the server is draining"
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing
        await writer.drain(DRAIN_SAMPLES_SECONDS)
        await store.close()
        predictor.close()

    return create_service(
        settings,
        title="Model server",
        registry=registry,
        routers=[page_router(), predict_router(settings, predictor, writer.offer)],
        not_ready=readiness,
        lifespan=lifespan,
        max_body_bytes=settings.max_body_bytes,
        headers={"X-Model": manifest.name, "X-Model-Version": manifest.version},
    )
