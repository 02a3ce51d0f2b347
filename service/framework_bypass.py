"""Answer POST requests of chosen routes without FastAPI, whose own work takes longer than a small model's.

Measured with the example regressor, by CPU time of the whole server per request, medians of three runs (6, 25
and 10 rounds): as a plain Starlette route placed first it takes 1.07, 1.14 and 1.10 times as much (about
30 µs, in routing and in FastAPI's exit stack), as FastAPI's own route 1.57, 1.55 and 1.37 times. What FastAPI
would do for the route is refused at start-up, not skipped.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import cast

from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from service.problems import HANDLERS, answer_error

Endpoint = Callable[[Request], Awaitable[Response]]

# What a plain `async def endpoint(request: Request) -> Response` has, and the bypass keeps.
KEPT = frozenset({"call", "name", "path", "request_param_name", "use_cache", "scope", "concurrency"})
DONE_BY_THE_FRAMEWORK = ("response_field", "stream_item_field", "status_code", "max_body_size", "body_field")


class CannotBypass(Exception):
    """The route needs the framework; the message says what for."""


@dataclass(frozen=True)
class BypassedRoute:
    """What the metrics read of a route."""

    path: str


class FrameworkBypassMiddleware:
    """Send POST requests of these paths straight to their endpoints.

    The app has the same routes: so they are in its documentation, and other methods get their 405. It is the
    innermost middleware, so that all others see these requests too.
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
        scope["route"] = BypassedRoute(scope["path"])
        request = Request(scope, receive, send)
        try:
            response = await endpoint(request)
        except tuple(HANDLERS) as error:
            response = await answer_error(request, error)
        await response(scope, receive, send)


def find_endpoints(routes: Sequence[BaseRoute], paths: Sequence[str]) -> dict[str, Endpoint]:
    """Return the endpoints of the POST routes at `paths`, as the app includes them.

    Raises:
        CannotBypass: a path has no such route, or the framework would do something for it: dependencies of
            the route, its router or the app, declared parameters, a response model, a route class.
    """
    posts = {route.path: route for route in iter_route_contexts(routes) if "POST" in (route.methods or ())}
    if missing := [path for path in paths if path not in posts]:
        raise CannotBypass(f"there is no route POST {', '.join(missing)}")
    return {path: _plain_endpoint(posts[path]) for path in paths}


def _plain_endpoint(route: RouteContext) -> Endpoint:
    needs = _needs(route)
    if needs:
        what = f"POST {route.path} bypasses FastAPI, which would skip its {', '.join(needs)}"
        raise CannotBypass(f"{what}: remove that, or take the path out of `bypass`")
    return cast(Endpoint, route.endpoint)  # a coroutine of a Request, as checked


def _needs(route: RouteContext) -> list[str]:
    if type(route.original_route) is not APIRoute:
        return [f"route class {type(route.original_route).__name__}"]
    dependant: Dependant = route.dependant
    default = Dependant()
    needs = [
        one.name
        for one in fields(dependant)
        if one.name not in KEPT and getattr(dependant, one.name) != getattr(default, one.name)
    ]
    needs += [name for name in DONE_BY_THE_FRAMEWORK if getattr(route, name) is not None]
    if not isinstance(route.response_class, DefaultPlaceholder):
        needs.append("response_class")
    if "{" in str(route.path):
        needs.append("path parameters")
    if not dependant.request_param_name or not inspect.iscoroutinefunction(route.endpoint):
        needs.append("call of an endpoint that is not `async def endpoint(request: Request)`")
    return needs
