"""Pages of a program's own, which run no script and ask nothing but files of that program."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response

from service.problems import Problem

MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript"}
HEADERS = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
OWN_FILES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page_headers(policy: str = OWN_FILES) -> dict[str, str]:
    """Return the headers of a page, by default of one that uses its program's files only."""
    return HEADERS | {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}


def read_texts(folder: Path) -> dict[str, str]:
    """Return the texts of a folder's files by their names: read once, when the program starts."""
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


def add_static(router: APIRouter, texts: dict[str, str]) -> None:
    """Give out the styles and scripts among the texts, and nothing else."""

    @router.get("/static/{name}", include_in_schema=False)
    def static(name: str) -> Response:
        media_type = MEDIA_TYPES.get(Path(name).suffix)
        if media_type is None or name not in texts:
            raise Problem(404, "Not Found", "There is no such file.")
        return Response(texts[name], media_type=media_type, headers=HEADERS)
