"""Errors as RFC 9457 problem documents that carry the request id."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.request_id import current_request_id

logger = logging.getLogger(__name__)


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


def problem_response(problem: Problem, **extra: Any) -> ProblemResponse:
    """Render a problem, with further members where a kind of problem has them."""
    content = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "request_id": current_request_id.get(),
        **extra,
    }
    return ProblemResponse(content, problem.status, problem.headers)


async def answer_problem(_: Request, error: Exception) -> ProblemResponse:
    """Answer a problem that a route raised."""
    assert isinstance(error, Problem)  # noqa: S101 - the registration below guarantees it, mypy cannot know
    return problem_response(error)


async def answer_http_exception(_: Request, error: Exception) -> ProblemResponse:
    """Answer what the framework itself refuses: unknown path, wrong method, too large a body."""
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    title = "Content Too Large" if error.status_code == 413 else HTTPStatus(error.status_code).phrase
    return problem_response(Problem(error.status_code, title, str(error.detail), error.headers))


async def answer_invalid_request(_: Request, error: Exception) -> ProblemResponse:
    """Answer a request that does not fit the route's declared form, naming each place."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    errors = [{"at": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in error.errors()[:20]]
    detail = "; ".join(f"{one['at']}: {one['message']}" for one in errors[:3])
    return problem_response(Problem(422, "Invalid request", detail), errors=errors)


class CrashMiddleware:
    """Answer a fault of ours without telling its insides; the log has them under the same id."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

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
            response = problem_response(Problem(500, "Internal Server Error", detail))
            await response(scope, receive, send)


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of the app a problem document."""
    app.add_exception_handler(Problem, answer_problem)
    app.add_exception_handler(HTTPException, answer_http_exception)
    app.add_exception_handler(RequestValidationError, answer_invalid_request)
    app.add_middleware(CrashMiddleware)
