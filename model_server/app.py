"""Wire the model server: model, predictor, sample writer, routes."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.routing import APIRoute

from inference.backend import ModelInfo, ServedModel
from model_server.batching.predictor import Predictor
from model_server.feature_statistics import FeatureStatistics
from model_server.metrics import ModelMetrics
from model_server.prediction_service import Answering
from model_server.reload.reloader import Reloader
from model_server.routes.inference_protocol import inference_protocol_router
from model_server.routes.page import page_router
from model_server.routes.predict import predict_router
from model_server.routes.repository import create_internal_app
from model_server.samples.recorder import Recorder
from model_server.samples.writer import SampleStore, SampleWriter
from model_server.settings import ModelServerSettings
from service.app import create_service, process_registry
from service.cpu_quota import available_cpus

DRAIN_SAMPLES_SECONDS = 5.0

logger = logging.getLogger(__name__)


class Readiness:
    """Why the server cannot serve, or None."""

    reason: str | None = "the server is starting"

    def __call__(self) -> str | None:
        return self.reason


@dataclass(frozen=True)
class Apps:
    """What the world may ask, what only this machine may ask, and the reload that a signal asks for."""

    public: FastAPI
    internal: FastAPI
    reloader: Reloader


def worker_count(settings: ModelServerSettings) -> int:
    """Return how many forward passes run side by side: no more threads than CPUs, all together."""
    return max(1, (settings.cpu_threads or available_cpus()) // settings.torch_threads)


def create_apps(settings: ModelServerSettings, load: Callable[[], ServedModel], store: SampleStore) -> Apps:
    """Build the apps around a store of samples and what `load` loads, now and when told to again.

    Raises:
        BadModelPackage: it cannot be served.
    """
    model = load()
    registry = process_registry()
    metrics = ModelMetrics(registry, settings.slot)
    features = FeatureStatistics(registry, settings.slot)
    workers = worker_count(settings)
    predictor = Predictor(
        model,
        metrics,
        workers=workers,
        batch_size=settings.batch_max_size,
        queue_size=settings.queue_size,
        deadline_seconds=settings.queue_deadline_seconds,
    )
    writer = SampleWriter(store, metrics, settings.sample_queue_size)
    recorder = Recorder(settings.slot, settings.sample_rate, metrics, features, writer.offer)
    answering = Answering(predictor, recorder)
    readiness = Readiness()

    def serve(model: ServedModel) -> None:
        metrics.show_model(model.info)
        features.watch(model.info.manifest.tensor)
        predictor.model = model

    serve(model)
    reloader = Reloader(load, serve, metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        writing = asyncio.create_task(writer.run())
        readiness.reason = None
        logger.info("ready", extra={**describe(predictor.model.info), "workers": workers})
        yield
        readiness.reason = "the server is draining"
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing
        await writer.drain(DRAIN_SAMPLES_SECONDS)
        await store.close()
        predictor.close()

    predict = predict_router(settings.slot, answering, fault_injection=settings.fault_injection)
    public = create_service(
        settings,
        title="Model server",
        registry=registry,
        routers=[
            page_router(answering),
            predict,
            inference_protocol_router(answering, readiness),
        ],
        not_ready=readiness,
        lifespan=lifespan,
        max_body_bytes=settings.max_body_bytes,
        headers=lambda: predictor.model.info.headers,
        hot_routes={route.path: route.endpoint for route in predict.routes if isinstance(route, APIRoute)},
    )
    return Apps(public, create_internal_app(predictor, reloader), reloader)


def describe(model: ModelInfo) -> dict[str, str]:
    """Return what the log says of a model."""
    return {"model": model.manifest.name, "version": model.manifest.version}
