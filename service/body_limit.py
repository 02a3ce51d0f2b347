"""Refuse a request body over the limit, sized or chunked, with a problem document.

FastAPI's own `max_body_size` answers in plain text, outside of our middleware: without id, slot or metrics.
"""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import Problem, problem_response


class BodyLimitMiddleware:
    """Let no request bring more than `max_bytes` of body."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.detail = f"The request's body is larger than {max_bytes / 2**20:.3g} MiB. Send a smaller one."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length) > self.max_bytes:
            await problem_response(Problem(413, "Content Too Large", self.detail))(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                raise HTTPException(413, self.detail)
            return message

        await self.app(scope, receive_counted, send)
