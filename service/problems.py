"""Errors as RFC 9457 problem documents with the request id; below /v2 as the protocol there has them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.request_id import current_request_id

logger = logging.getLogger(__name__)

OPEN_INFERENCE = "/v2"
CLIENT_CLOSED_REQUEST = 499  # nginx's number for it


class Problem(Exception):
    """An error that the client is to be told of: a status, what it is, and what to do."""

    def __init__(
        self, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})


class ProblemResponse(JSONResponse):
    """A JSON response of the type application/problem+json."""

    media_type = "application/problem+json"


def problem_response(problem: Problem, path: str, **extra: Any) -> JSONResponse:
    """Render a problem in the form of the path's protocol; `extra` are further members of problem+json."""
    if path == OPEN_INFERENCE or path.startswith(f"{OPEN_INFERENCE}/"):
        return JSONResponse({"error": problem.detail}, problem.status, problem.headers)
    content = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "request_id": current_request_id.get(),
        **extra,
    }
    return ProblemResponse(content, problem.status, problem.headers)


async def answer_problem(request: Request, error: Exception) -> JSONResponse:
    """Answer a problem that a route raised."""
    assert isinstance(error, Problem)  # noqa: S101 - the registration below guarantees it, mypy cannot know
    return problem_response(error, request.url.path)


async def answer_http_exception(request: Request, error: Exception) -> JSONResponse:
    """Answer what the framework itself refuses: unknown path, wrong method, too large a body."""
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    title = "Content Too Large" if error.status_code == 413 else HTTPStatus(error.status_code).phrase
    problem = Problem(error.status_code, title, str(error.detail), error.headers)
    return problem_response(problem, request.url.path)


async def answer_invalid_request(request: Request, error: Exception) -> JSONResponse:
    """Answer a request that does not fit the route's declared form, naming each place."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    errors = [{"at": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in error.errors()[:20]]
    detail = "; ".join(f"{one['at']}: {one['message']}" for one in errors[:3])
    return problem_response(Problem(422, "Invalid request", detail), request.url.path, errors=errors)


async def answer_nobody(request: Request, _: Exception) -> JSONResponse:
    """Count a client that left before it had sent its request; nobody reads the answer."""
    problem = Problem(CLIENT_CLOSED_REQUEST, "Client Closed Request", "The client left.")
    return problem_response(problem, request.url.path)


HANDLERS: Mapping[type[Exception], Callable[[Request, Exception], Awaitable[JSONResponse]]] = {
    Problem: answer_problem,
    HTTPException: answer_http_exception,
    RequestValidationError: answer_invalid_request,
    ClientDisconnect: answer_nobody,
}


async def answer_error(request: Request, error: Exception) -> JSONResponse:
    """Answer an error of one of the kinds in HANDLERS."""
    handler = next(handler for kind, handler in HANDLERS.items() if isinstance(error, kind))
    return await handler(request, error)


class CrashMiddleware:
    """Answer a fault of ours without telling its insides; the log has them under the same id.

    And answer what a server that stops has no time for, with the headers that `stopping_headers` returns.
    """

    def __init__(self, app: ASGIApp, stopping_headers: Callable[[Headers], Mapping[str, str]]) -> None:
        self.app = app
        self.stopping_headers = stopping_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answered = False

        async def send_and_note(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        except Exception:
            if scope["type"] != "http" or answered:
                raise
            logger.exception("unhandled error")
            detail = "The server failed on this request. Its log has the cause under this request_id."
            response = problem_response(Problem(500, "Internal Server Error", detail), scope["path"])
            await response(scope, receive, send)
        except asyncio.CancelledError:
            if scope["type"] == "http" and not answered:
                headers = self.stopping_headers(Headers(scope=scope))
                stopping = Problem(503, "Service Unavailable", "The server stops now. Try again.", headers)
                await problem_response(stopping, scope["path"])(scope, receive, send)
            raise


def no_headers(_: Headers) -> Mapping[str, str]:
    """Return none."""
    return {}


def install_problem_handlers(
    app: FastAPI, stopping_headers: Callable[[Headers], Mapping[str, str]] = no_headers
) -> None:
    """Make every error of the app a problem document; see CrashMiddleware."""
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)
    app.add_middleware(CrashMiddleware, stopping_headers=stopping_headers)
