"""The retraining program as its commands ask it: what goes wrong is one line that says what to do."""

from collections.abc import Callable
from typing import Any, Self

import httpx
from pydantic import TypeAdapter, ValidationError

from retraining.runs.run import Run
from service.problem_detail import detail_of

TIMEOUT = httpx.Timeout(10, connect=5)
RUNS = TypeAdapter(list[Run])


class CannotAsk(Exception):
    """There is no answer; the message says why, and what to do."""


class Away(CannotAsk):
    """Nothing answers at the address now."""


class Refused(Exception):
    """The program will not do it; the message is its reason."""


class RetrainingProgram:
    """Asks at `url`; `token` is read where something is to change."""

    def __init__(
        self, url: str, token: Callable[[], str], transport: httpx.BaseTransport | None = None
    ) -> None:
        self._url = url
        self._token = token
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def start(self, who: str, why: str) -> Run:
        """Begin a run."""
        headers = {"Authorization": f"Bearer {self._token()}"}
        return self._run(self._send("POST", "/runs", json={"who": who, "why": why}, headers=headers))

    def runs(self) -> list[Run]:
        """Return every run, the newest first."""
        answer = self._send("GET", "/runs")
        try:
            return RUNS.validate_json(answer.content)
        except ValidationError:
            raise self._stranger() from None

    def run(self, run: str) -> Run:
        """Return a run."""
        return self._run(self._send("GET", f"/runs/{run}"))

    def stop(self, run: str, who: str, why: str) -> Run:
        """Have a run end."""
        headers = {"Authorization": f"Bearer {self._token()}"}
        order = {"who": who, "why": why}
        return self._run(self._send("POST", f"/runs/{run}/stop", json=order, headers=headers))

    def progress(self, run: str) -> str:
        """Return what the process of a run said last."""
        return self._send("GET", f"/runs/{run}/progress").text

    def _run(self, answer: httpx.Response) -> Run:
        try:
            return Run.model_validate_json(answer.content)
        except ValidationError:
            raise self._stranger() from None

    def _stranger(self) -> CannotAsk:
        return CannotAsk(f"what answers at {self._url} is no retraining program, or one of another version")

    def _send(self, method: str, path: str, **rest: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **rest)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise CannotAsk(f"{self._url}: {error} Write http://HOST:PORT.") from None
        except httpx.TransportError as error:
            advice = "`make up PROFILES=training` starts it."
            raise Away(f"no retraining program answers at {self._url} ({error}). {advice}") from None
        if answer.is_success:
            return answer
        detail = _detail(answer)
        if answer.is_server_error:
            raise Away(f"the retraining program cannot say now ({answer.status_code}): {detail}")
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise CannotAsk(f"{detail} It is RELEASE_TOKEN, or stands in the file RELEASE_TOKEN_FILE.")
        raise Refused(detail)


def _detail(answer: httpx.Response) -> str:
    detail = detail_of(answer)
    return f"{answer.url} answered {answer.status_code}" if detail is None else " ".join(detail.split())
