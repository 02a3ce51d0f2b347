"""The versions of models, and which of them is tried."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends

from release.registry.candidates import Candidates
from release.registry.versions import Registry
from release.registry.views import CandidateView, VersionsView, version_view
from release.routes.releases import Asked, Order, problems
from release.views import PackageView


class Put(Order):
    """Which version the candidate's slot is to serve."""

    package: Asked


def models_router(registry: Registry, candidates: Candidates, demand_token: Callable[..., Any]) -> APIRouter:
    """Build the routes; what changes something wants the token."""
    router = APIRouter(tags=["models"])

    @router.get("/models")
    async def models() -> VersionsView:
        """Return every version that is known, the newest first: where it is, and what it was made of."""
        found = await asyncio.to_thread(registry.versions)
        return VersionsView(models=tuple(map(version_view, found)))

    @router.post("/candidate", dependencies=[Depends(demand_token)])
    async def candidate(order: Put) -> CandidateView:
        """Put a version into the candidate's slot, and answer when its replicas serve it."""
        with problems():
            package = await candidates.put(order.package, order.who, order.why)
        return CandidateView(package=PackageView(**asdict(package)))

    return router
