"""A body is read once, and a large one is parsed where it keeps nobody waiting."""

import asyncio
import threading

import pytest
from starlette.requests import Request
from starlette.types import Message

from service.body import LARGE_BYTES, BodyParser, demand_type
from service.problems import Problem


def request(body: bytes = b"", content_type: str | None = None) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [] if content_type is None else [(b"content-type", content_type.encode())]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)


async def test_small_bodies_are_parsed_at_once_and_large_ones_in_a_thread() -> None:
    """A thread costs a small body more than its parsing."""

    def where(body: bytes) -> tuple[int, int]:
        return len(body), threading.get_ident()

    parser, here = BodyParser(), threading.get_ident()
    assert await parser.parse(request(bytes(LARGE_BYTES)), where) == (LARGE_BYTES, here)
    size, thread = await parser.parse(request(bytes(LARGE_BYTES + 1)), where)
    assert size == LARGE_BYTES + 1
    assert thread != here


async def test_large_bodies_take_turns() -> None:
    """Each has Python's lock for a while: more at once would leave the event loop less of it."""
    parser, go, started = BodyParser(), threading.Event(), threading.Semaphore(0)
    now, most = 0, 0

    def parse(_: bytes) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        started.release()
        assert go.wait(10)
        now -= 1

    parsing = [asyncio.create_task(parser.parse(request(bytes(LARGE_BYTES + 1)), parse)) for _ in range(6)]
    assert await asyncio.to_thread(started.acquire, timeout=10)
    go.set()
    await asyncio.gather(*parsing)
    assert most == 1


async def test_what_parsing_raises_is_raised() -> None:
    """From a thread too."""
    for size in (0, LARGE_BYTES + 1):
        with pytest.raises(ZeroDivisionError):
            await BodyParser().parse(request(bytes(size)), lambda body: len(body) // 0)


@pytest.mark.parametrize("declared", ["application/json", "Application/JSON; charset=utf-8"])
def test_the_real_type_is_let_in(declared: str) -> None:
    """Whatever its case and parameters."""
    demand_type(request(content_type=declared), "application/json")


@pytest.mark.parametrize("declared", [None, "", "text/plain", "application/x-www-form-urlencoded", "x"])
def test_another_type_is_415_and_says_which(declared: str | None) -> None:
    """Browsers send `text/plain` and no type at all for any page, without asking."""
    with pytest.raises(Problem, match="Content-Type: application/json") as refused:
        demand_type(request(content_type=declared), "application/json")
    assert refused.value.status == 415
