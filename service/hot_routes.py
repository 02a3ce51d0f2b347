"""Routes that are answered before the framework is asked: that takes longer than a small model."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.problems import HANDLERS, answer_error

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class HotRoute:
    """What the metrics read of a route."""

    path: str


class HotRoutesMiddleware:
    """Send POST requests of these paths straight to their endpoints.

    The app has the same routes: so they are in its documentation, and other methods get their 405.
    """

    def __init__(self, app: ASGIApp, endpoints: Mapping[str, Endpoint]) -> None:
        self.app = app
        self.endpoints = endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        endpoint = self.endpoints.get(scope["path"]) if is_post else None
        if endpoint is None:
            await self.app(scope, receive, send)
            return
        scope["route"] = HotRoute(scope["path"])
        request = Request(scope, receive, send)
        try:
            response = await endpoint(request)
        except tuple(HANDLERS) as error:
            response = await answer_error(request, error)
        await response(scope, receive, send)
