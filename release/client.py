"""The release program as its commands ask it: what goes wrong is one line that says what to do."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from release.views import Decisions, Newest
from service.problem_detail import detail_of

URL = "http://127.0.0.1:8000"
TOKEN_FILE = Path(".local/data/release/token")
ASKING = httpx.Timeout(10.0)
ORDERING = httpx.Timeout(300.0, connect=5.0)  # a promotion loads the package in each replica
END_SECONDS, AGAIN_SECONDS = 60.0, 0.25


Answer = TypeVar("Answer", bound=BaseModel)


class CannotDo(Exception):
    """It was not done; the message is one line for a person."""


class Client:
    """Asks at `url`; `token` is read where something is to change."""

    def __init__(
        self, url: str, token: Callable[[], str], transport: httpx.BaseTransport | None = None
    ) -> None:
        self._url = url
        self._token = token
        self._client = httpx.Client(base_url=url, trust_env=False, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, **asked: Any) -> str:
        """Return an answer's text, which is JSON."""
        return self._send("GET", path, ASKING, params=asked)

    def post(self, path: str, order: Mapping[str, Any]) -> str:
        """Order something, with the token, and return the answer's text."""
        headers = {"Authorization": f"Bearer {self._token()}"}
        return self._send("POST", path, ORDERING, json=order, headers=headers)

    def newest(self) -> Newest:
        """Return the newest release and what is known of it."""
        return _read(Newest, self.get("/release"))

    def decisions(self, limit: int) -> Decisions:
        """Return the newest decisions."""
        return _read(Decisions, self.get("/decisions", limit=limit))

    def start(self, plan: str, who: str, why: str, package: str | None = None) -> Newest:
        """Start a release; of the version `package`, where one is named."""
        order = {"plan": plan, "who": who, "why": why} | ({} if package is None else {"package": package})
        return _read(Newest, self.post("/release", order))

    def order(self, name: str, who: str, why: str) -> Newest:
        """Order what is to become of the release."""
        order = {"who": who, "why": why}
        return _read(Newest, self.post(f"/release/{name}", order))

    def wait_for_end(self, newest: Newest) -> Newest:
        """Wait until what was decided is done, a minute at most; the answer tells whether it is."""
        give_up = time.monotonic() + END_SECONDS
        while newest.is_changing and time.monotonic() < give_up:
            time.sleep(AGAIN_SECONDS)
            newest = self.newest()
        return newest

    def _send(self, method: str, path: str, timeout: httpx.Timeout, **rest: Any) -> str:
        try:
            response = self._client.request(method, path, timeout=timeout, **rest)
        except httpx.TimeoutException:
            raise CannotDo(f"{self._url} does not answer in time: `make logs` may say why") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CannotDo(f"the release program at {self._url} is away ({error}): `make up`") from None
        if response.is_error:
            raise CannotDo(_complaint(response))
        return response.text


def from_environment(variables: Mapping[str, str] = os.environ) -> Client:
    """Return a client for what RELEASE_URL, RELEASE_TOKEN and RELEASE_TOKEN_FILE say."""

    def token() -> str:
        from service.token import NoToken, SharedToken  # noqa: PLC0415 - loads a web framework, which no reader needs

        given = variables.get("RELEASE_TOKEN")
        file = Path(variables.get("RELEASE_TOKEN_FILE") or TOKEN_FILE)
        try:
            return SharedToken(SecretStr(given) if given else None, file).read().get_secret_value()
        except NoToken as error:
            raise CannotDo(str(error)) from None

    return Client(variables.get("RELEASE_URL") or URL, token)


def _complaint(response: httpx.Response) -> str:
    detail = detail_of(response)
    if detail is None:
        return f"{response.url} answered {response.status_code}"
    return " ".join(detail.split("\n"))


def _read(kind: type[Answer], text: str) -> Answer:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        count = error.error_count()
        raise CannotDo(
            f"the release program is of another version: {count} of its answer's members"
        ) from None
