"""`POST /predict`: images or rows of numbers in, what the model says of them out."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from inference.rows import RowsBody, WrongRows, read_rows
from model_server.batching.predictor import Prediction
from model_server.prediction_service import Answering, problems
from model_server.routes.response_models import ImageAnswer, RowsAnswer, classified, computed
from model_server.routes.uploads import read_uploads
from service.problems import Problem
from service.request_id import current_request_id

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


def predict_router(slot: str, answering: Answering, *, fault_injection: bool) -> APIRouter:
    """Build the route; it takes what the model of the moment takes."""
    router = APIRouter(tags=["predict"])

    # The body is read by hand: it has three forms, and declared parameters would cost throughput.
    @router.post(
        "/predict",
        summary="Ask the model: images as form or raw body, or JSON rows of a tensor model",
        openapi_extra={"requestBody": REQUEST_BODY},
        responses={200: {"model": ImageAnswer | list[ImageAnswer] | RowsAnswer}},
    )
    async def predict(request: Request) -> JSONResponse:
        takes_images = answering.model.manifest.image is not None
        return await (predict_images(request) if takes_images else predict_rows(request))

    async def predict_images(request: Request) -> JSONResponse:
        uploads = await read_uploads(request, fault_injection=fault_injection)
        predictions = await answering.answer(request, [upload.data for upload in uploads])
        answers = [
            {
                "filename": upload.filename,
                "content_type": upload.content_type,
                **classified(prediction),
                **origin(prediction),
            }
            for upload, prediction in zip(uploads, predictions, strict=True)
        ]
        return answer(answers if len(answers) > 1 else answers[0], predictions[0])

    async def predict_rows(request: Request) -> JSONResponse:
        body = await request.body()
        with problems():
            spec = answering.model.manifest.tensor_input
        try:
            rows, is_single = read_rows(body, spec)
        except WrongRows as error:
            raise Problem(422, "Invalid request", str(error)) from error
        (prediction,) = await answering.answer(request, [rows])
        return answer({**computed(prediction, is_single=is_single), **origin(prediction)}, prediction)

    def origin(prediction: Prediction) -> dict[str, Any]:
        manifest = prediction.model.manifest
        names = {"slot": slot, "model": manifest.name, "version": manifest.version}
        return {"request_id": current_request_id.get(), **names}

    return router


def answer(content: Any, prediction: Prediction) -> JSONResponse:
    """Return the answer under the name of the model that gave it: it may have been replaced since."""
    return JSONResponse(content, headers=prediction.model.headers)
