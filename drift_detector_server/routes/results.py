"""GET /results: what the detector wrote about the newest windows."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from drift_detector_server.routes.driftdetect import FeatureResponse
from mongodb.store import Store, StoreUnavailable
from service.problems import Problem


class WindowResult(BaseModel):
    """A window's result; `window` and `window_end` are the positions it lies between."""

    model_config = ConfigDict(from_attributes=True)

    slot: str
    model: str
    version: str
    package_sha256: str
    window: str
    window_end: str
    n: int
    dropped: int
    p_value: float
    distance: float
    threshold: float
    p_value_threshold: float
    drift: bool
    detector: str
    reference_sha256: str
    first_sample_at: datetime
    last_sample_at: datetime
    scored_at: datetime
    features: list[FeatureResponse]


def results_router(store: Store, slot: str) -> APIRouter:
    """Build the route for the slot's results."""
    router = APIRouter(tags=["drift"])

    @router.get("/results", summary="The newest windows' results, newest first")
    async def results(limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> list[WindowResult]:
        try:
            newest = await store.newest_results(slot, limit)
        except StoreUnavailable as error:
            detail = f"The database is away ({error}). Try again."
            raise Problem(503, "No database", detail, {"Retry-After": "5"}) from None
        return [WindowResult.model_validate(result) for result in newest]

    return router
