"""POST /driftdetect: score a batch that the client brings."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from drift_detector_server.detectors.detector import Embeddings
from drift_detector_server.executor import DetectorExecutor
from drift_detector_server.packages import Packages
from inference.json_bounds import JsonBounds
from inference.reference import Reference, measurable
from service.body import BodyParser, demand_type
from service.problems import Problem

MAX_WAITING = 8
OTHER_VALUES = 100  # beside the batch's numbers
Number = Annotated[float, Field(strict=True)]


class DriftRequest(BaseModel):
    """A batch of embeddings or rows of features, one list of numbers per sample."""

    p_value_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.05
    batch: list[Annotated[list[Number], Field(fail_fast=True)]] = Field(fail_fast=True)


REQUEST_BODY = {
    "required": True,
    "content": {"application/json": {"schema": DriftRequest.model_json_schema()}},
}


class FeatureResponse(BaseModel):
    """What the detector says, or wrote, of one feature."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    p_value: float
    distance: float
    drift: bool


class DriftResponse(BaseModel):
    """What the detector says of the batch; `features` only where the reference names them."""

    p_value: float
    distance: float
    threshold: float
    drift: bool
    n: int
    features: list[FeatureResponse]


def driftdetect_router(executor: DetectorExecutor, packages: Packages, max_rows: int) -> APIRouter:
    """Build the route for batches to compare with the served package's reference."""
    router = APIRouter(tags=["drift"])
    parser = BodyParser()

    # The body is read by hand: it is bounded before it is parsed, and a large one is parsed in a thread.
    @router.post(
        "/driftdetect",
        summary="Compare a batch with the reference",
        openapi_extra={"requestBody": REQUEST_BODY},
    )
    async def driftdetect(request: Request) -> DriftResponse:
        demand_type(request, "application/json")
        served = packages.served

        def parse(body: bytes) -> tuple[Embeddings, float]:
            return read_batch(body, served.reference, max_rows)

        batch, p_value_threshold = await parser.parse(request, parse)
        if executor.waiting >= MAX_WAITING:
            raise Problem(503, "Busy", f"{MAX_WAITING} batches are waiting. Try again.", {"Retry-After": "5"})
        try:
            score = await executor.score(served.detector, batch, p_value_threshold)
        except ValueError as error:
            raise refused(str(error)) from None
        return DriftResponse(
            p_value=score.p_value,
            distance=score.distance,
            threshold=score.threshold,
            drift=score.drift,
            n=len(batch),
            features=[FeatureResponse.model_validate(feature) for feature in score.features],
        )

    return router


def read_batch(body: bytes, reference: Reference, max_rows: int) -> tuple[Embeddings, float]:
    """Return the batch as (n, width) float32, and the p-value's threshold.

    Raises:
        RequestValidationError: the body is not a DriftRequest.
        Problem: 422, the batch is not one that the reference can be compared with.
    """
    bounds = JsonBounds(max_rows * (reference.width + 1) + OTHER_VALUES, max_rows + OTHER_VALUES)
    if not bounds.hold(body):
        raise refused(f"The batch has too many values. Send 2 to {max_rows} rows of the {reference.values}.")
    try:
        request = DriftRequest.model_validate_json(body)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in errors]) from error
    return to_embeddings(request.batch, reference, max_rows), request.p_value_threshold


def to_embeddings(rows: list[list[float]], reference: Reference, max_rows: int) -> Embeddings:
    """Return the batch as (n, width) float32; a 422 problem that says what to do when it is not one."""
    if not 2 <= len(rows) <= max_rows:
        raise refused(f"The batch has {len(rows)} rows. Send 2 to {max_rows}; 100 make a good test.")
    for number, row in enumerate(rows):
        if len(row) != reference.width:
            raise refused(f"Row {number} has {len(row)} values. Send the {reference.values}.")
    with np.errstate(over="ignore"):  # what does not fit float32 becomes infinite, and is refused below
        batch = np.array(rows, dtype=np.float64).astype(np.float32)
    usable = measurable(batch)
    if not usable.all():
        raise refused(
            f"Row {np.argmin(usable)} holds NaN, an infinite or a huge value. Send finite numbers up to 1e15."
        )
    return batch


def refused(detail: str) -> Problem:
    """Make the problem of a batch that cannot be scored."""
    return Problem(422, "The batch cannot be scored", detail)
