"""The viewer's pages: the list, a dashboard, and the plotting library out of its installed package."""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

STATIC = Path(__file__).parent / "static"


def pages_router() -> APIRouter:
    """Build the routes that a browser opens."""
    router = APIRouter()
    plotly = Path(str(files("plotly") / "package_data" / "plotly.min.js"))

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/")
    async def listed() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    @router.get("/d/{uid}")
    async def dashboard(uid: str) -> FileResponse:  # noqa: ARG001 - the page reads it from its address
        return FileResponse(STATIC / "dashboard.html")

    @router.get("/plotly.min.js")
    async def plotly_js() -> FileResponse:
        return FileResponse(plotly, media_type="text/javascript", headers={"Cache-Control": "max-age=3600"})

    return router
