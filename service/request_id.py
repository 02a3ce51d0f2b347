"""One id per request: taken over from the caller when it is sane, made otherwise."""

import random
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = b"x-request-id"  # as ASGI has it
SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")

current_request_id: ContextVar[str] = ContextVar("current_request_id", default="")


def choose_request_id(offered: str | None) -> str:
    """Return the caller's id if it is safe to log and store, else a new one."""
    return offered if offered is not None and SANE.fullmatch(offered) else f"{random.getrandbits(128):032x}"


def offered_id(scope: Scope) -> str | None:
    """Return the id that the caller sent, if any."""
    for name, value in scope["headers"]:  # lower-case bytes, as ASGI has them
        if name == HEADER:
            return str(value, "latin-1")
    return None


class RequestIdMiddleware:
    """Set `current_request_id` for the request and send the id, and `headers`, with its answer.

    A header that the answer has already stays as it is.
    """

    def __init__(self, app: ASGIApp, headers: Callable[[], Mapping[str, str]]) -> None:
        self.app = app
        self.headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = choose_request_id(offered_id(scope))
        current_request_id.set(request_id)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message["headers"] = list(message.get("headers", ()))
                names = {name for name, _ in given}
                given.append((HEADER, request_id.encode("latin-1")))
                for name, value in self.headers().items():
                    raw = name.lower().encode("latin-1")
                    if raw not in names:
                        given.append((raw, value.encode("latin-1")))
            await send(message)

        await self.app(scope, receive, send_with_headers)
