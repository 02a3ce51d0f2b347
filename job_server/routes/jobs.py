"""`/jobs`: hand in, watch, fetch the results, cancel."""

import asyncio
import csv
import io
import json
import logging
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from job_server.acceptance import Acceptance
from job_server.job import ENDED, Document, Job, progress_of
from job_server.store import JobStore
from job_server.summary import Summary
from service.logs import line_fields
from service.problems import Problem

logger = logging.getLogger(__name__)

EVENT_SECONDS = 0.5
COLUMNS = ("filename", "row", "likely_class", "probability", "values", "error", "label", "model", "version")
Form = Literal["csv", "jsonl"]


def jobs_router(acceptance: Acceptance, store: JobStore) -> APIRouter:
    """Build the routes."""
    router = APIRouter(prefix="/jobs", tags=["jobs"])

    # The body is read by hand: it has many forms, and goes to a file.
    @router.post("", status_code=202, summary="Hand in images, a zip, CSV, JSON lines or tensors")
    async def hand_in(request: Request, model: Literal["kept", "latest"] = "kept") -> JSONResponse:
        accepted = await acceptance.accept(request, latest=model == "latest")
        headers = {"Location": f"/jobs/{accepted.job.id}"}
        return JSONResponse(await shown(accepted.job), 202 if accepted.is_new else 200, headers)

    @router.get("", summary="The newest jobs")
    async def listed() -> list[Document]:
        return [await shown(job) for job in await store.jobs()]

    @router.get("/{job_id}", summary="How far a job is")
    async def look(job_id: str) -> Document:
        return await shown(await known(job_id))

    @router.delete("/{job_id}", summary="Cancel: what is answered stays, the rest is not tried")
    async def cancel(job_id: str) -> Document:
        await store.cancel((await known(job_id)).id)
        logger.info("a job is cancelled")
        return await shown(await known(job_id))

    @router.get("/{job_id}/results", summary="The results so far; without a format, as Accept says")
    async def results(
        job_id: str, request: Request, form: Annotated[Form | None, Query(alias="format")] = None
    ) -> Response:
        job = await known(job_id)
        as_csv = form == "csv" or (form is None and "text/csv" in request.headers.get("accept", ""))
        found = store.results(job.id)
        lines = csv_lines(found) if as_csv else json_lines(found)
        headers = {"X-Job-State": (await shown(job))["state"]}
        if form is not None:  # a link that is to be saved, not shown
            headers["Content-Disposition"] = f'attachment; filename="job-{job.id}.{form}"'
        media_type = "text/csv; charset=utf-8" if as_csv else "application/x-ndjson"
        return StreamingResponse(lines, media_type=media_type, headers=headers)

    @router.get("/{job_id}/summary", summary="What the results so far say together")
    async def summary(job_id: str) -> Document:
        job = await known(job_id)
        # Asked first: of a job that has ended by then, all results are there.
        state = (await shown(job))["state"]
        summed = Summary()
        async for one in store.results(job.id):
            summed.add(one)
        return {"id": job.id, "state": state, **summed.to_document()}

    @router.get("/{job_id}/events", summary="How far a job is, as Server-Sent Events until it ends")
    async def events(job_id: str) -> StreamingResponse:
        job = await known(job_id)
        return StreamingResponse(watched(job), media_type="text/event-stream")

    async def watched(job: Job) -> AsyncIterator[str]:
        last = None
        while True:
            now = await shown(await known(job.id))
            if now != last:
                yield f"data: {json.dumps(now)}\n\n"
            last = now
            if now["state"] in ENDED:
                return
            await asyncio.sleep(EVENT_SECONDS)

    async def known(job_id: str) -> Job:
        job = await store.job(job_id)
        if job is None:
            raise Problem(404, "Not Found", "There is no such job. GET /jobs lists those that are.")
        line_fields.set({"job": job.id})
        return job

    async def shown(job: Job) -> Document:
        progress = progress_of(job, await store.progress(job.id), time.time())
        return {
            "id": job.id,
            "state": progress.state,
            "total": job.total,
            "done": progress.answered,
            "failed": progress.failed,
            "inputs_per_second": progress.inputs_per_second and round(progress.inputs_per_second, 1),
            "expected_end": progress.expected_end and iso(progress.expected_end),
            "created_at": iso(job.created_at),
            "model": job.model,
            "version": job.version if job.package_sha256 else None,
        }

    return router


def iso(seconds: float) -> str:
    """Return a time as text, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


async def json_lines(results: AsyncIterator[Document]) -> AsyncIterator[str]:
    """Render one JSON object a line."""
    async for one in results:
        yield json.dumps(one) + "\n"


async def csv_lines(results: AsyncIterator[Document]) -> AsyncIterator[str]:
    """Render a table; what would be a formula for a spreadsheet is not."""
    yield ",".join(COLUMNS) + "\r\n"
    async for one in results:
        line = io.StringIO()
        csv.writer(line).writerow([_cell(one.get(column, "")) for column in COLUMNS])
        yield line.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") else value
