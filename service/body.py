"""Read a request's body once, and parse a large one without keeping others waiting."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from starlette.requests import Request

from service.problems import Problem

T = TypeVar("T")

LARGE_BYTES = 256 * 2**10  # parsing the worst of so many takes 3 ms


class BodyParser:
    """Parses small bodies at once, and large ones in a thread, one after the other.

    More threads would not be faster, as they share Python's lock, and would leave the event loop less of it.
    Nobody keeps the body: while the result waits for its turn, nothing else of it is in memory.
    """

    def __init__(self, most_bytes: int | None = None) -> None:
        self._most_bytes = most_bytes
        self._turn = asyncio.Lock()

    async def parse(self, request: Request, parse: Callable[[bytes], T]) -> T:
        """Return what `parse` makes of the request's body, or raise what it raises.

        Raises:
            Problem: 413, the body is larger than this parser takes.
        """
        body = await read_body(request, self._most_bytes)
        if len(body) <= LARGE_BYTES:
            return parse(body)
        async with self._turn:
            return await asyncio.to_thread(parse, body)


async def read_body(request: Request, most_bytes: int | None = None) -> bytes:
    """Return the body; unlike `request.body()` the request does not keep it. To be called once.

    Raises:
        Problem: 413, it is larger than `most_bytes`; what comes behind those is not read.
    """
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if most_bytes is not None and size > most_bytes:
            most = f"{most_bytes / 2**20:.3g} MiB"
            detail = f"The body is larger than the {most} that are taken here. Send less at once."
            raise Problem(413, "Content Too Large", detail)
        chunks.append(chunk)
    return b"".join(chunks)


def media_type(request: Request) -> str:
    """Return the type that the request declares, in lower case and without parameters; "" if it is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def demand_type(request: Request, *allowed: str) -> None:
    """Refuse a body of another type: what a page elsewhere sends unasked is none of ours.

    Raises:
        Problem: 415 that says which type to send.
    """
    declared = media_type(request)
    if declared not in allowed:
        wrong = f"has the type {declared!r}" if declared else "declares no type"
        wanted = " or ".join(filter(None, allowed))
        detail = f"The body {wrong}. Send it with the header Content-Type: {wanted}."
        raise Problem(415, "Unsupported Media Type", detail)
