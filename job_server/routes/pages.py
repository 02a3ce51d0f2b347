"""`GET /` and `GET /predictions`: what this program is, and files handed in and looked at by hand."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from inference.manifest import BadModelPackage, Manifest, read_manifest
from job_server.settings import JobServerSettings
from service.pages import add_static, page_headers, read_texts

PAGES = Path(__file__).parents[1] / "pages"
PLACE = re.compile(r"\{\{(\w+)\}\}")
SHOWN_NAMES = 40


def pages_router(settings: JobServerSettings) -> APIRouter:
    """Build the routes; the files are read once, the model's manifest each time."""
    router = APIRouter(tags=["pages"])
    texts = read_texts(PAGES)

    def page(name: str, request: Request) -> HTMLResponse:
        said = {
            "url": str(request.base_url),
            "kept_days": f"{settings.jobs_kept_days:g}",
            "most_bytes": str(settings.max_job_bytes),
            **model_words(settings.model_package, str(request.base_url)),
        }
        return HTMLResponse(filled(texts[name], said), headers=page_headers())

    @router.get("/", summary="What this program is, and what its model takes", response_class=HTMLResponse)
    def index(request: Request) -> HTMLResponse:
        return page("index.html", request)

    @router.get("/predictions", summary="The page for handing files in", response_class=HTMLResponse)
    def predictions(request: Request) -> HTMLResponse:
        return page("predictions.html", request)

    add_static(router, texts)
    return router


def filled(text: str, said: Mapping[str, str | Sequence[str]]) -> str:
    """Return the page with its places filled: text as text, several of them as items of a list."""

    def fill(place: re.Match[str]) -> str:
        value = said[place[1]]
        return (
            escape(value) if isinstance(value, str) else "".join(f"<li>{escape(one)}</li>" for one in value)
        )

    return PLACE.sub(fill, text)


def model_words(package: Path, url: str) -> dict[str, str | Sequence[str]]:
    """Return what the pages say of the model of the moment."""
    try:
        manifest = read_manifest(package)
    except BadModelPackage as error:
        return {
            "model": "No model answers now",
            "takes": f"{error}.",
            "features": (),
            "answers": "Jobs are taken once the package is mended.",
            "files": "files",
            "accept": "",
            "hint": "They are refused while no model answers.",
            "example": f"curl {url}healthz",
        }
    words = image_words(url) if manifest.tensor is None else row_words(manifest.tensor.features, url)
    named = f"{manifest.name}, version {manifest.version}"
    return {"model": named, "answers": answers(manifest), **words}


def image_words(url: str) -> dict[str, str | Sequence[str]]:
    """Return what is said of a model that takes images."""
    return {
        "takes": "It takes images: JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF.",
        "features": (),
        "files": "images",
        "accept": "image/*,.zip",
        "hint": "Several at once, a folder, or a zip.",
        "example": f"curl {url}jobs -H 'Content-Type: application/zip' --data-binary @images.zip",
    }


def row_words(features: Sequence[str], url: str) -> dict[str, str | Sequence[str]]:
    """Return what is said of a model that takes rows."""
    numbers = "one number" if len(features) == 1 else f"{len(features)} numbers"
    return {
        "takes": f"It takes rows of {numbers}.",
        "features": shown(features),
        "files": "tables",
        "accept": ".csv,.tsv,.jsonl,.ndjson,.json,.zip",
        "hint": "CSV with these names in its first line, JSON lines, or a zip of them."
        " Answers are compared with a column of the name label.",
        "example": f"curl {url}jobs -H 'Content-Type: text/csv' --data-binary @rows.csv",
    }


def answers(manifest: Manifest) -> str:
    """Return what the model answers."""
    if not manifest.classes:
        return "It answers with numbers."
    return f"It answers with one of {len(manifest.classes)} classes: {', '.join(shown(manifest.classes))}."


def shown(names: Sequence[str]) -> Sequence[str]:
    """Return the names, but of very many the first and how many more there are."""
    more = len(names) - SHOWN_NAMES
    return names if more <= 0 else (*names[:SHOWN_NAMES], f"and {more} more")
