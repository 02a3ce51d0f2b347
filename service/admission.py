"""Refuse requests that name another host, or come from a page of another site."""

from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from service.hosts import host_check
from service.origins import origin_check
from service.problems import Problem, problem_response

READING = frozenset({"GET", "HEAD"})
OTHER_HOST = (
    "This server has another name than the header Host says. Its operator adds names to ALLOWED_HOSTS."
)
OTHER_SITE = (
    "A page of another site may not send this. The server's operator adds its origin to CORS_ORIGINS."
)


class AdmissionMiddleware:
    """Let in whoever asks for this program by a name of its own, and is no page of another site.

    Starlette's TrustedHostMiddleware knows neither addresses nor names without dots, and answers plain text.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: Sequence[str], cors_origins: Sequence[str]) -> None:
        self.app = app
        self._is_our_host = host_check(allowed_hosts)
        self._may_send = origin_check(cors_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = self._problem(scope) if scope["type"] == "http" else None
        if problem is None:
            await self.app(scope, receive, send)
        else:
            await problem_response(problem, scope["path"])(scope, receive, send)

    def _problem(self, scope: Scope) -> Problem | None:
        host, origin, site = b"", None, None
        for name, value in scope["headers"]:  # lower-case bytes, as ASGI has them
            if name == b"host":
                host = value
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                site = value
        if host and not self._is_our_host(host):  # a browser always sends one
            return Problem(421, "Misdirected Request", OTHER_HOST)
        if scope["method"] not in READING and not self._may_send(origin, site, host):
            return Problem(403, "Forbidden", OTHER_SITE)
        return None
