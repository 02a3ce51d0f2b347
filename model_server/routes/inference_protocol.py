"""`/v2`: the Open Inference Protocol."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from model_server.inference_protocol.model_tensors import metadata, output_tensors, read_inputs_of
from model_server.inference_protocol.request import HEADER_LENGTH
from model_server.inference_protocol.response import write_response
from model_server.inference_protocol.tensors import BadTensor
from model_server.prediction_service import PredictionService
from service.body import BodyParser, demand_type
from service.problems import Problem

SERVER = {"name": "serving-reference-stack", "version": "1", "extensions": ["binary_tensor_data"]}
# "": tritonclient declares no type. A page elsewhere can do that too: what tells it apart is its Origin.
TYPES = ("application/json", "application/octet-stream", "")


def inference_protocol_router(service: PredictionService, not_ready: Callable[[], str | None]) -> APIRouter:
    """Build the routes for the one model that is served."""
    parser = BodyParser()
    router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])

    @router.get("", summary="The server's metadata")
    async def server() -> dict[str, Any]:
        return SERVER

    @router.get("/health/live", summary="The server is alive")
    async def live() -> dict[str, bool]:
        return {"live": True}

    @router.get("/health/ready", summary="The model can answer")
    async def ready() -> dict[str, bool]:
        if reason := not_ready():
            raise Problem(503, "Not ready", reason)
        return {"ready": True}

    @router.get("/models/{name}", summary="The model's metadata")
    @router.get("/models/{name}/versions/{version}", summary="The model's metadata")
    async def model(name: str, version: str | None = None) -> dict[str, Any]:
        refuse_other_models(name, version)
        return metadata(service.model)

    @router.get("/models/{name}/ready", summary="The model can answer")
    @router.get("/models/{name}/versions/{version}/ready", summary="The model can answer")
    async def model_ready(name: str, version: str | None = None) -> dict[str, Any]:
        refuse_other_models(name, version)
        return {"name": name, **await ready()}

    @router.post("/models/{name}/infer", summary="Predict")
    @router.post("/models/{name}/versions/{version}/infer", summary="Predict")
    async def infer(request: Request, name: str, version: str | None = None) -> Response:
        demand_type(request, *TYPES)
        refuse_other_models(name, version)
        read = partial(read_inputs_of, header_length=request.headers.get(HEADER_LENGTH), model=service.model)
        try:
            wanted, inputs = await parser.parse(request, read)
            predictions = await service.predict(request, inputs)
            manifest = predictions[0].model.manifest
            content, headers = write_response(
                wanted, manifest.name, manifest.version, output_tensors(predictions)
            )
        except BadTensor as error:
            raise Problem(400, "Bad Request", str(error)) from error
        return Response(content, headers={**headers, **predictions[0].model.headers})

    def refuse_other_models(name: str, version: str | None) -> None:
        manifest = service.model.manifest
        if name != manifest.name or version not in {None, manifest.version}:
            asked = name if version is None else f"{name} {version}"
            raise Problem(404, "Not Found", f"{asked} is not here; {manifest.name} {manifest.version} is")

    return router
