"""`GET /`: the page for trying the model by hand."""

import json
from html import escape
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from model_server.prediction_service import PredictionService

PAGE = Path(__file__).with_name("page.html")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
}


def page_router(service: PredictionService) -> APIRouter:
    """Build the route; the page is read once, and offers what the model of the moment takes."""
    router = APIRouter(tags=["page"])
    html = PAGE.read_text("utf-8")

    @router.get("/", summary="The page for trying the model by hand", response_class=HTMLResponse)
    async def page() -> HTMLResponse:
        tensor = service.model.manifest.tensor
        features = json.dumps(tensor.features if tensor else [])
        return HTMLResponse(html.replace("{{features}}", escape(features)), headers=HEADERS)

    return router
