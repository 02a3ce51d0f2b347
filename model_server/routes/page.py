"""`GET /`: the page for trying the model by hand."""

import json
from collections.abc import Sequence
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


def page_router(service: PredictionService, image_formats: Sequence[str]) -> APIRouter:
    """Build the route; the page is read once, and offers what the model of the moment takes.

    A browser offers files of `image_formats` only, and a phone then sends its HEIC photos as JPEG.
    """
    router = APIRouter(tags=["page"])
    accept = ",".join(f"image/{name.lower()}" for name in image_formats)
    html = PAGE.read_text("utf-8").replace("{{accept}}", escape(accept))

    @router.get("/", summary="The page for trying the model by hand", response_class=HTMLResponse)
    async def page() -> HTMLResponse:
        tensor = service.model.manifest.tensor
        features = json.dumps(tensor.features if tensor else [])
        return HTMLResponse(html.replace("{{features}}", escape(features)), headers=HEADERS)

    return router
