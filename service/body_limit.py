"""Refuse request bodies over the limit, sized or chunked, and let in only as many as memory allows.

FastAPI's own `max_body_size` answers in plain text, outside of our middleware: without id, slot or metrics.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.hand_over import refusal_headers
from service.problems import Problem, problem_response

BODIES_AT_ONCE = 8
LONGEST_WAIT_SECONDS = 1.5  # nginx gives a slot 2.5 s


class ByteSemaphore:
    """A number of bytes that requests share, first come first served."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def acquire(self, size: int, seconds: float) -> None:
        """Wait for as many bytes; TimeoutError when they are not free in time."""
        if size == 0 or (not self._waiting and size <= self._free):
            self._free -= size
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            async with asyncio.timeout(seconds):
                await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self.release(size)  # it was this one's turn in the same moment
            else:
                self._grant()
            raise

    def release(self, size: int) -> None:
        """Free the bytes for those who wait."""
        self._free += size
        self._grant()

    def _grant(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if not turn.done():  # otherwise it was given up
                if size > self._free:
                    break
                self._free -= size
                turn.set_result(None)
            self._waiting.popleft()


class BodyLimitMiddleware:
    """Let no request bring more than `max_bytes` of body, and all at once no more than eight times that.

    The limit may be a function, asked at each request.

    A request that would be too much waits with its body unread. What it declares is reserved for it, so that
    all who are let in can finish.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_bytes: int | Callable[[], int],
        wait_seconds: float = LONGEST_WAIT_SECONDS,
    ) -> None:
        self.app = app
        self._limit = max_bytes if callable(max_bytes) else lambda: max_bytes
        self.max_bytes = self._limit()
        self.wait_seconds = wait_seconds
        self.budget = ByteSemaphore(BODIES_AT_ONCE * self.max_bytes)

    @property
    def detail(self) -> str:
        """Say why a body is refused."""
        return f"The request's body is larger than {self.max_bytes / 2**20:.3g} MiB. Send a smaller one."

    def _follow_limit(self) -> None:
        limit = self._limit()
        if limit != self.max_bytes:
            self.budget.release(BODIES_AT_ONCE * (limit - self.max_bytes))
            self.max_bytes = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self._follow_limit()
        declared = declared_bytes(scope)
        if declared is not None and declared > self.max_bytes:
            await self._refuse(Problem(413, "Content Too Large", self.detail), scope, receive, send)
            return
        size = self.max_bytes if declared is None else declared
        try:
            await self.budget.acquire(size, self.wait_seconds)
        except TimeoutError:
            detail = "Too many large uploads at once. Try again in a second."
            problem = Problem(503, "Service Unavailable", detail, refusal_headers(Headers(scope=scope)))
            await self._refuse(problem, scope, receive, send)
            return
        try:
            await self.app(scope, receive if declared is not None else self._counted(receive, size), send)
        finally:
            self.budget.release(size)

    async def _refuse(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        await problem_response(problem, scope["path"])(scope, receive, send)

    def _counted(self, receive: Receive, size: int) -> Receive:
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > size:
                raise HTTPException(413, self.detail)
            return message

        return receive_counted


def declared_bytes(scope: Scope) -> int | None:
    """Return the body's length as declared, which the HTTP parser holds it to; None if it is chunked."""
    for name, value in scope["headers"]:  # lower-case bytes, as ASGI has them
        if name == b"content-length" and value.isdigit():
            return int(value)
        if name == b"transfer-encoding":
            return None
    return 0
