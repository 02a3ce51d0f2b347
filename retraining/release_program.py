"""The release program, as a run asks it: to take a version, to try it, to tell people."""

from collections.abc import Mapping
from typing import Any

import httpx

from retraining.runs.running import NotNow
from service.problem_detail import detail_of
from service.token import NoToken, SharedToken

ASKING = httpx.Timeout(10.0)
ORDERING = httpx.Timeout(300.0, connect=5.0)  # a candidate is loaded in each replica
CONFLICT, TROUBLE = 409, 500


class Refused(Exception):
    """The release program will not do it; the message is its reason."""


class ReleaseProgram:
    """Asks at a URL, with the stack's token."""

    def __init__(self, url: str, token: SharedToken, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(base_url=url, trust_env=False, transport=transport)
        self._token = token

    def newest(self) -> dict[str, Any]:
        """Return the newest release and the last decision about it."""
        return self._release("GET", ASKING)

    def start(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Start a release of a version; Refused where it does not begin."""
        return self._release("POST", ORDERING, order)

    def tell(self, message: Mapping[str, Any]) -> None:
        """Have people told, once for each `key`."""
        self._send("POST", "/messages", ASKING, message)

    def _release(
        self, method: str, timeout: httpx.Timeout, order: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        found = self._send(method, "/release", timeout, order)
        if not {"release", "decision"} <= found.keys():
            raise NotNow(f"the release program: {str(found)[:200]!r} tells of no release")
        return found

    def _send(
        self, method: str, path: str, timeout: httpx.Timeout, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        try:
            headers = self._token.header if body is not None else {}
            answer = self._client.request(method, path, timeout=timeout, json=body, headers=headers)
        except (httpx.HTTPError, NoToken) as error:
            raise NotNow(f"the release program: {error}") from error
        if answer.status_code >= TROUBLE or answer.status_code == httpx.codes.UNAUTHORIZED:
            raise NotNow(f"the release program: {answer.status_code}: {said_in(answer)}")
        if answer.is_error:
            raise Refused(said_in(answer))
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not answer.is_success or not isinstance(found, dict):
            raise NotNow(
                f"the release program: {answer.status_code}: {answer.text[:200]!r} is no answer of it"
            )
        return found


def said_in(answer: httpx.Response) -> str:
    """Return what a problem document says, or the beginning of whatever it is."""
    detail = detail_of(answer)
    return answer.text[:200] if detail is None else detail
