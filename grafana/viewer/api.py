"""The API that the pages call: it asks only what stands in the dashboards, no expression from outside."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from grafana.viewer.dashboards import Dashboard, UnknownName, load_dashboards
from grafana.viewer.prometheus import Prometheus
from grafana.viewer.responses import AnnotationResponse, PanelResponse, query_annotations, query_panel

VARIABLE_PREFIX = "var-"
RangeSeconds = Annotated[int, Query(alias="range", ge=60, le=30 * 86400)]


def api_router(folder: Path, prometheus: Prometheus) -> APIRouter:
    """Build the routes over the dashboards of one folder."""
    router = APIRouter(prefix="/api/dashboards")

    def find(uid: str) -> Dashboard:
        dashboards = load_dashboards(folder)
        if uid not in dashboards:
            raise UnknownName(f"no dashboard {uid}")
        return dashboards[uid]

    @router.get("")
    async def listed() -> list[dict[str, str]]:
        return [_summary(dashboard) for dashboard in load_dashboards(folder).values()]

    @router.get("/{uid}")
    async def document(uid: str) -> Mapping[str, Any]:
        return find(uid).document

    @router.get("/{uid}/panels/{panel_id}")
    async def panel(
        uid: str, panel_id: int, request: Request, range_seconds: RangeSeconds = 1800
    ) -> PanelResponse:
        dashboard = find(uid)
        chosen = _chosen(request)
        return await query_panel(prometheus, dashboard, dashboard.panel(panel_id), chosen, range_seconds)

    @router.get("/{uid}/annotations")
    async def annotations(
        uid: str, request: Request, range_seconds: RangeSeconds = 1800
    ) -> list[AnnotationResponse]:
        return await query_annotations(prometheus, find(uid), _chosen(request), range_seconds)

    return router


def _summary(dashboard: Dashboard) -> dict[str, str]:
    description = str(dashboard.document.get("description", ""))
    return {"uid": dashboard.uid, "title": dashboard.title, "description": description}


def _chosen(request: Request) -> dict[str, str]:
    return {
        name.removeprefix(VARIABLE_PREFIX): value
        for name, value in request.query_params.items()
        if name.startswith(VARIABLE_PREFIX)
    }
