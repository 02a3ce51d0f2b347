"""Take a job in: the body to a file, its inputs into chunks, all of them stored before it counts."""

import asyncio
import hashlib
import logging
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from starlette.requests import Request

from inference.identity import Identity, identify
from inference.kept_packages import KeptPackages
from inference.manifest import BadModelPackage
from job_server.chunks import Chunk, cut
from job_server.inputs.job_input import InputLimits, WrongInputs
from job_server.inputs.read import read_inputs
from job_server.job import OPEN, Job
from job_server.settings import JobServerSettings
from job_server.store import JobStore
from mongodb.errors import StoreUnavailable
from service.logs import line_fields
from service.problems import Problem

logger = logging.getLogger(__name__)

LATER = {"Retry-After": "10"}
TITLES = {413: "Content Too Large", 415: "Unsupported Media Type", 422: "Invalid request"}
SPOOLED = "job-"  # how the folders of bodies begin: whatever else is there is none of ours
NAMESPACE = uuid.UUID(
    "6e0b0c7e-5d0c-4b8e-9a53-2f6f6c1f2f10"
)  # of the ids that follow from an Idempotency-Key


@dataclass(frozen=True)
class Accepted:
    """A job, and whether it is new: the same key and body give the job that they gave before."""

    job: Job
    is_new: bool


class Acceptance:
    """Takes jobs in, each whole or not at all."""

    def __init__(self, settings: JobServerSettings, store: JobStore, kept: KeptPackages) -> None:
        self._settings = settings
        self._store = store
        self._kept = kept
        self._limits = InputLimits(settings.max_job_inputs, settings.max_input_bytes, settings.max_job_bytes)
        self._handed_in: dict[str, None] = {}  # in their order
        self._refused: set[str] = set()
        self._forgetting = asyncio.Lock()
        self._start = asyncio.Lock()
        self._is_clean = False

    async def accept(self, request: Request, *, latest: bool) -> Accepted:
        """Store the request's inputs as a job.

        Raises:
            Problem: it is refused, and nothing of it stays.
            StoreUnavailable: the database is away.
        """
        await self._clean_once()
        key = request.headers.get("idempotency-key")
        job_id = (uuid.uuid5(NAMESPACE, key) if key else uuid.uuid4()).hex
        if job_id in self._handed_in:
            detail = "A job with this Idempotency-Key is being handed in now. Try again."
            raise Problem(409, "Conflict", detail, LATER)
        line_fields.set({"job": job_id})
        self._handed_in[job_id] = None
        try:
            await self._check_open(job_id)
            return await self._hand_in(request, job_id, latest=latest)
        finally:
            del self._handed_in[job_id]

    async def _check_open(self, job_id: str) -> None:
        """Refuse where too many jobs are open, or were being handed in before this one."""
        before = takewhile(lambda one: one != job_id, [*self._handed_in])
        others = {*await self._store.jobs_in(*OPEN), *before} - {job_id}
        if len(others) >= self._settings.max_open_jobs:
            detail = f"{self._settings.max_open_jobs} jobs are open already. Try again when one is done."
            raise Problem(503, "Service Unavailable", detail, LATER)

    async def _clean_once(self) -> None:
        """Remove what a server that was killed had not accepted yet; before anything is handed in here."""
        async with self._start:
            if not self._is_clean:
                await self._store.prepare()
                await self._store.forget_unaccepted()
                for left in self._settings.spool.glob(f"{SPOOLED}*"):
                    shutil.rmtree(left, ignore_errors=True)
                self._is_clean = True

    async def _hand_in(self, request: Request, job_id: str, *, latest: bool) -> Accepted:
        with spooling(self._settings.spool) as body:
            fingerprint = await self._spool(request, body)
            if known := await self._store.job(job_id):
                return _same(known, fingerprint)
            if "idempotency-key" in request.headers:
                await self._forget(job_id)  # what an attempt with another body may have left
            identity = await asyncio.to_thread(self._package, latest=latest)
            try:
                job = await self._store_chunks(request, body, job_id, identity, fingerprint, latest=latest)
                await self._store.accept(job)
            except BaseException:
                self._refused.add(job_id)
                with suppress(StoreUnavailable):
                    await asyncio.shield(self._forget(job_id))
                raise
            logger.info("a job is accepted", extra={"inputs": job.total, "model": job.model})
            return Accepted(job, is_new=True)

    async def forget_refused(self) -> None:
        """Remove what is left of jobs that were not accepted; while the database is away it stays."""
        with suppress(StoreUnavailable):
            for one in [*self._refused]:
                await self._forget(one, unless_it_comes_again=True)

    async def _forget(self, job_id: str, *, unless_it_comes_again: bool = False) -> None:
        async with self._forgetting:  # one that is being forgotten is not taken in meanwhile
            if not (unless_it_comes_again and job_id in self._handed_in):
                await self._store.forget(job_id)
                self._refused.discard(job_id)

    async def _spool(self, request: Request, body: Path) -> str:
        """Write the body to a file; return what tells it from others."""
        most = self._settings.max_job_bytes
        digest = hashlib.sha256(request.headers.get("content-type", "").partition(";")[0].encode())
        size = 0
        with body.open("wb") as file:
            async for part in request.stream():
                size += len(part)
                if size > most:
                    detail = f"A job has at most {most >> 20} MiB (MAX_JOB_BYTES). Hand it in as several."
                    raise Problem(413, TITLES[413], detail)
                if shutil.disk_usage(body.parent).free < self._settings.least_free_bytes:
                    detail = "The disk is nearly full. Make room, or try again later."
                    raise Problem(503, "Service Unavailable", detail, LATER)
                await asyncio.to_thread(file.write, part)
                digest.update(part)
        return digest.hexdigest()

    def _package(self, *, latest: bool) -> Identity:
        package = self._settings.model_package
        try:
            return identify(package) if latest else self._kept.keep(package)
        except BadModelPackage as error:
            detail = f"The model package is no good now: {error}. Try again when it is mended."
            raise Problem(503, "Service Unavailable", detail, LATER) from error
        except OSError as error:
            detail = f"The model package cannot be kept for the job: {error.strerror}."
            raise Problem(503, "Service Unavailable", detail, LATER) from error

    async def _store_chunks(
        self, request: Request, body: Path, job_id: str, identity: Identity, fingerprint: str, *, latest: bool
    ) -> Job:
        content_type = request.headers.get("content-type", "")
        inputs = read_inputs(
            body, content_type, identity.manifest, self._limits, request.query_params.get("filename")
        )
        chunks, total = cut(job_id, inputs, self._settings.rows_per_chunk), 0
        try:
            while (chunk := await asyncio.to_thread(_next, chunks)) is not None:
                await self._store.add_chunk(chunk)
                total += len(chunk.inputs)
        except WrongInputs as error:
            raise Problem(error.status, TITLES[error.status], str(error)) from error
        manifest = identity.manifest
        return Job(
            job_id,
            time.time(),
            total,
            manifest.name,
            manifest.version,
            None if latest else identity.sha256,
            fingerprint,
        )


@contextmanager
def spooling(spool: Path) -> Iterator[Path]:
    """Give a path for a body, which is removed in the end.

    Raises:
        Problem: the folder, or the disk that it is on, does not take it.
    """
    try:
        spool.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=SPOOLED, dir=spool) as folder:
            yield Path(folder, "body")
    except OSError as error:
        detail = f"The body cannot be kept for reading: {error.strerror}. Try again when that is mended."
        raise Problem(503, "Service Unavailable", detail, LATER) from error


def _next(chunks: Iterator[Chunk]) -> Chunk | None:
    return next(chunks, None)


def _same(known: Job, fingerprint: str) -> Accepted:
    if known.fingerprint != fingerprint:
        detail = "This Idempotency-Key came with another body before. Use a new key for a new job."
        raise Problem(422, TITLES[422], detail)
    return Accepted(known, is_new=False)
