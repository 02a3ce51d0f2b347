"""The job server as its client asks it: through refusals that pass, and connections that break."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx

from job_server.client.packing import Body
from job_server.job import ENDED
from service.problem_detail import detail_of

JobAnswer = dict[str, Any]
T = TypeVar("T")

FIELDS = {"id", "state", "total", "done", "failed", "inputs_per_second", "created_at", "model", "version"}

READ_BYTES = 2**18
TIMEOUT = httpx.Timeout(60, connect=5)
AGAIN_SECONDS = 2.0
PASSING = {409, 429, 502, 503, 504}  # it may go another time


class JobServerError(Exception):
    """The server does not do what it was asked; the message says why, and what to do."""


class JobServer:
    """A server at an address; what passes is asked again for `patience_seconds`, and `say` hears of it."""

    def __init__(self, url: str, patience_seconds: float, say: Callable[[str], None]) -> None:
        try:
            self._http = httpx.Client(base_url=url, timeout=TIMEOUT)
        except httpx.InvalidURL as error:
            raise JobServerError(f"{url}: {error}. Write http://HOST:PORT.") from error
        self._url = url
        self._patience_seconds = patience_seconds
        self._say = say
        self._has_answered = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._http.close()

    def submit(self, body: Body, key: str, *, latest: bool, sent: Callable[[int], None]) -> JobAnswer:
        """Hand a job in, once: with its key the same body is one job however often it is sent."""
        if not (key.isascii() and key.isprintable()):
            raise JobServerError(f"{key!r}: an Idempotency-Key has printable ASCII characters.")

        def send() -> httpx.Response:
            body.file.seek(0)
            sent(0)
            headers = {
                "Content-Type": body.content_type,
                "Content-Length": str(body.size),
                "Idempotency-Key": key,
            }
            params = {"model": "latest"} if latest else {}
            return self._http.post("/jobs", content=_parts(body, sent), headers=headers, params=params)

        return self._job_of(self._insist(send))

    def job(self, job: str) -> JobAnswer:
        """Return how far a job is."""
        return self._job_of(self._insist(lambda: self._http.get(_path(job))))

    def jobs(self) -> list[JobAnswer]:
        """Return the newest jobs."""
        answer = self._insist(lambda: self._http.get("/jobs"))
        return [self._checked(one) for one in self._json(answer, list)]

    def cancel(self, job: str) -> JobAnswer:
        """Have the rest of a job not tried."""
        return self._job_of(self._insist(lambda: self._http.delete(_path(job))))

    def watched(self, job: str) -> Iterator[JobAnswer]:
        """Yield how far a job is, each time that it has changed, until it has ended."""
        while True:
            yield (now := self.job(job))
            if now["state"] in ENDED:
                return
            try:
                with self._http.stream("GET", f"{_path(job)}/events") as answer:
                    answer.raise_for_status()
                    events = (line for line in answer.iter_lines() if line.startswith("data: "))
                    for event in events:
                        yield (now := self._checked(json.loads(event.removeprefix("data: "))))
                        if now["state"] in ENDED:
                            return
            except (httpx.HTTPError, ValueError):  # the question above says what it is, or waits
                pass
            time.sleep(AGAIN_SECONDS / 10)

    def save_results(self, job: str, path: Path, *, as_csv: bool) -> None:
        """Write a job's results to a file; what was there stays until they are whole."""
        accept = "text/csv" if as_csv else "application/x-ndjson"
        path = path.resolve()  # a link stays one
        part = path.with_name(f".{path.name}.{os.getpid()}") if path.is_file() or not path.exists() else path

        def fetch() -> httpx.Response:
            with (
                self._http.stream("GET", f"{_path(job)}/results", headers={"Accept": accept}) as answer,
                part.open("wb") as file,
            ):
                if answer.is_success:
                    for data in answer.iter_bytes():
                        file.write(data)
                else:
                    answer.read()
                return answer

        try:
            self._insist(fetch)
            if part != path:
                part.replace(path)
        except OSError as error:
            raise JobServerError(f"{path}: {error.strerror}.") from error
        finally:
            if part != path:
                part.unlink(missing_ok=True)

    def _job_of(self, answer: httpx.Response) -> JobAnswer:
        return self._checked(self._json(answer, dict))

    def _json(self, answer: httpx.Response, kind: type[T]) -> T:
        try:
            document = answer.json()
        except ValueError:
            document = None
        if not isinstance(document, kind):
            raise JobServerError(f"what answers at {self._url} is no job server.")
        return document

    def _checked(self, document: Any) -> JobAnswer:
        if not isinstance(document, dict) or not document.keys() >= FIELDS:
            raise JobServerError(f"what answers at {self._url} is no job server.")
        return document

    def _insist(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        until, said = time.monotonic() + self._patience_seconds, ""
        while True:
            pause = AGAIN_SECONDS
            try:
                answer = ask()
            except httpx.UnsupportedProtocol as error:
                raise JobServerError(f"{self._url}: {error} Write http://HOST:PORT.") from error
            except httpx.TransportError as error:
                trouble = (
                    f"no job server answers at {self._url} ({error}). `make up PROFILES=jobs` starts it."
                )
                if not self._has_answered:  # a wrong address, or none was started: waiting does not help
                    raise JobServerError(trouble) from error
            else:
                self._has_answered = True
                if answer.is_success:
                    return answer
                trouble = _reason(answer)
                if answer.status_code not in PASSING:
                    raise JobServerError(trouble)
                pause = _seconds(answer.headers.get("Retry-After"), pause)
            if time.monotonic() + pause > until:
                raise JobServerError(trouble)
            if trouble != said:
                self._say(f"{trouble} Trying again for {until - time.monotonic():.0f} s.")
            said = trouble
            time.sleep(pause)


def _parts(body: Body, sent: Callable[[int], None]) -> Iterator[bytes]:
    done = 0
    while done < body.size:
        data = body.file.read(READ_BYTES)
        if not data or os.fstat(body.file.fileno()).st_size != body.size:
            raise JobServerError("A file has changed while it was sent. Hand it in when nobody writes to it.")
        yield data
        done += len(data)
        sent(done)


def _path(job: str) -> str:
    if not job:
        raise JobServerError("a job's id is not empty; `list` shows those that are there.")
    return f"/jobs/{quote(job, safe='')}"


def _reason(answer: httpx.Response) -> str:
    detail = detail_of(answer)
    return f"it answers {answer.status_code}, which no job server would say so." if detail is None else detail


def _seconds(text: str | None, otherwise: float) -> float:
    try:
        seconds = float(text or otherwise)
    except ValueError:
        return otherwise
    return min(max(seconds, 0.1), 60.0) if seconds == seconds else otherwise  # noqa: PLR0124 - NaN
