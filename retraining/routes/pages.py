"""`GET /` and `GET /runs/ID/report`: runs to look at. Nothing here changes anything."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from jinja2 import Environment, StrictUndefined

from inference.manifest import BadModelPackage, Manifest, read_manifest
from retraining.overview import Overview, overview, progress_of
from retraining.report.keeping import Reports
from retraining.report.rendering import POLICY
from service.pages import add_static, page_headers, read_texts
from service.problems import Problem

PAGES = Path(__file__).parents[1] / "pages"


def pages_router(
    reports: Reports, steps: Sequence[str], package: Path, begins: str, clock: Callable[[], datetime]
) -> APIRouter:
    """Build the routes.

    `steps` are those of a run in their order, `package` is production's, `begins` says what begins a run.
    """
    router = APIRouter(tags=["pages"])
    runs, one_at_a_time = reports.runs, threading.Lock()
    texts = read_texts(PAGES)
    index = Environment(autoescape=True, undefined=StrictUndefined).from_string(texts["index.html"])

    @router.get("/", summary="The run under way, and those before it", response_class=HTMLResponse)
    def home() -> HTMLResponse:
        page = index.render(model=model_words(package), begins=begins)
        return HTMLResponse(page, headers=page_headers())

    @router.get("/overview")
    def glance() -> Overview:
        """Return what the first page shows: the run under way, step by step, and those before it."""
        every = runs.all()
        is_under_way = bool(every) and every[0].outcome is None
        progress = progress_of(runs.path(every[0].id), every[0]) if is_under_way else ""
        return overview(every, steps, progress, clock())

    @router.get("/runs/{run_id}/report", response_class=HTMLResponse)
    def report(run_id: str) -> HTMLResponse:
        """Return what a run has found out, as one page to look at: of one under way what there is by now."""
        run = runs.find(run_id)
        if run is None:
            raise Problem(404, "Not Found", f"There is no run {run_id[:100]!r}. GET /runs has all.")
        with one_at_a_time:  # what one takes of memory and time, two would take twice
            page = reports.page(run)
        return HTMLResponse(page, headers=page_headers(f"{POLICY}; frame-ancestors 'none'"))

    add_static(router, texts)
    return router


def beginnings(every_days: float, *, by_drift: bool) -> str:
    """Return what begins a run without anybody asking."""
    ways = [f"{every_days:g} days after the last one began"] if every_days else []
    ways += ["when both slots drift and enough new records are here"] if by_drift else []
    return f"The next one begins {', or '.join(ways)}." if ways else "None begins by itself."


def model_words(package: Path) -> str:
    """Return which model is renewed, and what it answers."""
    try:
        manifest = read_manifest(package)
    except BadModelPackage as error:
        return f"No model can be renewed now: {error}."
    return f"{manifest.name}, version {manifest.version}. {answers(manifest)}"


def answers(manifest: Manifest) -> str:
    """Return what a model takes and answers."""
    takes = "images" if manifest.tensor is None else f"rows of {len(manifest.tensor.features)} numbers"
    says = f"one of {len(manifest.classes)} classes" if manifest.classes else "a number"
    return f"It takes {takes} and answers with {says}."
