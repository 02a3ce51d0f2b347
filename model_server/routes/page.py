"""`GET /`: the upload page."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

PAGE = Path(__file__).with_name("page.html")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
}


def page_router() -> APIRouter:
    """Build the route; the page is read once."""
    router = APIRouter(tags=["page"])
    html = PAGE.read_text("utf-8")

    @router.get("/", summary="The upload page", response_class=HTMLResponse)
    async def page() -> HTMLResponse:
        return HTMLResponse(html, headers=HEADERS)

    return router
