"""`POST /predict`: an image in, its class out."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, File, UploadFile
from pydantic import BaseModel

from model_server.decoding import NotAnImage, TooManyPixels
from model_server.manifest import Manifest
from model_server.prediction import Prediction, Predictor, QueueFull
from model_server.sampling import is_sampled
from model_server.settings import ModelServerSettings
from mongodb.documents import Sample
from service.problems import Problem
from service.request_id import current_request_id

FAULT = "fake_server_error/"
UNDECLARED = "application/octet-stream"

Image = Annotated[UploadFile, File(description="JPEG, PNG, GIF, WebP, BMP, TIFF or AVIF")]


class Answer(BaseModel):
    """What the model says of one uploaded image."""

    filename: str | None
    content_type: str | None
    likely_class: str
    probability: float
    probabilities: dict[str, float]
    request_id: str
    slot: str
    model: str
    version: str


class InjectedFault(Exception):
    """The fault that a load test asked for."""


def predict_router(
    settings: ModelServerSettings, predictor: Predictor, offer_sample: Callable[[Sample], None]
) -> APIRouter:
    """Build the route on a predictor; a share of the predictions is offered as samples."""
    router = APIRouter(tags=["predict"])
    manifest = predictor.classifier.package.manifest

    @router.post("/predict", summary="Classify an image")
    async def predict(file: Image) -> Answer:
        refuse_other_types(file.content_type, fault_injection=settings.fault_injection)
        prediction = await predict_or_refuse(predictor, await file.read())
        request_id = current_request_id.get()
        if is_sampled(request_id, settings.sample_rate):
            offer_sample(make_sample(request_id, settings.slot, manifest, prediction))
        return Answer(
            filename=file.filename,
            content_type=file.content_type,
            likely_class=prediction.label,
            probability=prediction.confidence,
            probabilities=prediction.probabilities,
            request_id=request_id,
            slot=settings.slot,
            model=manifest.name,
            version=manifest.version,
        )

    return router


def refuse_other_types(content_type: str | None, *, fault_injection: bool) -> None:
    """Refuse what is declared to be no image; an undeclared type is judged by its bytes."""
    declared = content_type or UNDECLARED
    if fault_injection and declared.startswith(FAULT):
        raise InjectedFault(declared)
    if declared != UNDECLARED and not declared.startswith("image/"):
        raise Problem(415, "Unsupported Media Type", f"The part `file` is {declared!r}. Send an image.")


async def predict_or_refuse(predictor: Predictor, data: bytes) -> Prediction:
    """Answer, or say why not and what to do."""
    try:
        return await predictor.predict(data)
    except NotAnImage as error:
        raise Problem(415, "Unsupported Media Type", f"The file is no image: {error}.") from error
    except TooManyPixels as error:
        raise Problem(413, "Content Too Large", f"The image is too large: {error}.") from error
    except QueueFull as error:
        detail = "Too many predictions are waiting. Try again in a second."
        raise Problem(503, "Service Unavailable", detail, {"Retry-After": "1"}) from error


def make_sample(request_id: str, slot: str, manifest: Manifest, prediction: Prediction) -> Sample:
    """Make what the drift detector will read of this prediction."""
    return Sample(
        request_id=request_id,
        slot=slot,
        model=manifest.name,
        version=manifest.version,
        created_at=datetime.now(UTC),
        embedding=prediction.embedding,
        label=prediction.label,
        confidence=prediction.confidence,
    )
