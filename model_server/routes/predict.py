"""`POST /predict`: images or rows of numbers in, the model's predictions out."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from inference.rows import RowsBody, WrongRows, read_rows
from model_server.batching.predictor import Prediction
from model_server.prediction_service import PredictionService, errors_as_problems
from model_server.routes.response_models import ImageResponse, RowsResponse
from model_server.routes.uploads import read_uploads
from service.body import BodyParser, demand_type
from service.problems import Problem
from service.request_id import current_request_id

PATH = "/predict"
BINARY = {"type": "string", "format": "binary"}
FILES = {"type": "object", "required": ["file"], "properties": {"file": {"type": "array", "items": BINARY}}}
REQUEST_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {"schema": FILES},
        "image/*": {"schema": BINARY},
        "application/json": {"schema": RowsBody.model_json_schema()},
    },
}


def predict_router(slot: str, service: PredictionService, *, fault_injection: bool) -> APIRouter:
    """Build the route; it takes what the model of the moment takes."""
    router = APIRouter(tags=["predict"])
    parser = BodyParser()

    # The body is read by hand: it has three forms, and the route bypasses FastAPI, see app.py.
    @router.post(
        PATH,
        summary="Predict: images as form or raw body, or JSON rows of a tensor model",
        openapi_extra={"requestBody": REQUEST_BODY},
        responses={200: {"model": ImageResponse | list[ImageResponse] | RowsResponse}},
    )
    async def predict(request: Request) -> JSONResponse:
        takes_images = service.model.manifest.image is not None
        return await (predict_images(request) if takes_images else predict_rows(request))

    async def predict_images(request: Request) -> JSONResponse:
        uploads = await read_uploads(request, parser, fault_injection=fault_injection)
        predictions = await service.predict(request, [upload.data for upload in uploads])
        responses = [
            {
                "filename": upload.filename,
                "content_type": upload.content_type,
                **class_fields(prediction),
                **origin(prediction),
            }
            for upload, prediction in zip(uploads, predictions, strict=True)
        ]
        return json_response(responses if len(responses) > 1 else responses[0], predictions[0])

    async def predict_rows(request: Request) -> JSONResponse:
        demand_type(request, "application/json")
        with errors_as_problems():
            spec = service.model.manifest.tensor_input
        try:
            rows, is_single = await parser.parse(request, partial(read_rows, spec=spec))
        except WrongRows as error:
            raise Problem(422, "Invalid request", str(error)) from error
        (prediction,) = await service.predict(request, [rows])
        return json_response(
            {**rows_fields(prediction, is_single=is_single), **origin(prediction)}, prediction
        )

    def origin(prediction: Prediction) -> dict[str, Any]:
        manifest = prediction.model.manifest
        names = {"slot": slot, "model": manifest.name, "version": manifest.version}
        return {"request_id": current_request_id.get(), **names}

    return router


def json_response(content: Any, prediction: Prediction) -> JSONResponse:
    """Return the response under the name of the model that predicted: it may have been replaced since."""
    return JSONResponse(content, headers=prediction.model.headers)


def class_fields(prediction: Prediction) -> dict[str, Any]:
    """Return the class of a prediction's first row, with every class's probability."""
    probabilities = prediction.rows[0]
    return {
        "likely_class": prediction.labels[0],
        "probability": max(probabilities),
        "probabilities": dict(zip(prediction.model.manifest.classes, probabilities, strict=True)),
    }


def rows_fields(prediction: Prediction, *, is_single: bool) -> dict[str, Any]:
    """Return the outputs: per row one number, or a list if the model has several outputs."""
    rows = prediction.rows
    outputs = [values[0] for values in rows] if len(rows[0]) == 1 else rows
    content: dict[str, Any] = {"output": outputs[0] if is_single else outputs}
    return content | class_fields(prediction) if is_single and prediction.model.manifest.classes else content
