"""POST /driftdetect: score a batch that the client brings."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from drift_detector_server.detectors.detector import Embeddings
from drift_detector_server.executor import DetectorExecutor
from drift_detector_server.packages import Packages
from inference.reference import Reference, measurable
from service.problems import Problem

MAX_WAITING = 8


class DriftRequest(BaseModel):
    """A batch of embeddings or rows of features, one list of numbers per sample."""

    p_value_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.05
    batch: list[list[float]]


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

    @router.post("/driftdetect", summary="Compare a batch with the reference")
    async def driftdetect(request: DriftRequest) -> DriftResponse:
        served = packages.served
        batch = to_embeddings(request.batch, served.reference, max_rows)
        if executor.waiting >= MAX_WAITING:
            raise Problem(503, "Busy", f"{MAX_WAITING} batches are waiting. Try again.", {"Retry-After": "5"})
        try:
            score = await executor.score(served.detector, batch, request.p_value_threshold)
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
