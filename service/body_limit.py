"""Refuse request bodies over the limit, sized or chunked, and more of them at once than memory allows.

FastAPI's own `max_body_size` answers in plain text, outside of our middleware: without id, slot or metrics.
"""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import Problem, problem_response

BODIES_AT_ONCE = 8


class BodyLimitMiddleware:
    """Let no request bring more than `max_bytes` of body, and all together no more than eight times that."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.held_bytes = 0
        self.detail = f"The request's body is larger than {max_bytes / 2**20:.3g} MiB. Send a smaller one."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length) > self.max_bytes:
            problem = Problem(413, "Content Too Large", self.detail)
            await problem_response(problem, scope["path"])(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            count = len(message.get("body", b""))
            received += count
            self.held_bytes += count
            self._refuse_too_much(received)
            return message

        try:
            await self.app(scope, receive_counted, send)
        finally:
            self.held_bytes -= received

    def _refuse_too_much(self, received: int) -> None:
        if received > self.max_bytes:
            raise HTTPException(413, self.detail)
        if self.held_bytes > BODIES_AT_ONCE * self.max_bytes:
            detail = "Too many large uploads at once. Try again in a second."
            raise HTTPException(503, detail, {"Retry-After": "1"})
