"""Large bodies wait for each other; those that wait too long are refused; small requests wait for nobody."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from service.body_limit import BodyLimitMiddleware, ByteSemaphore

LIMIT = 1000


class Uploads:
    """Holds every upload until `go` is set; `most` are under way together."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.now = self.most = 0
        self.let_in = asyncio.Semaphore(0)

    async def upload(self, request: Request) -> Response:
        body = await request.body()
        self.now += 1
        self.most = max(self.most, self.now)
        self.let_in.release()
        await self.go.wait()
        self.now -= 1
        return PlainTextResponse(str(len(body)))


async def ping(_: Request) -> Response:
    return PlainTextResponse("pong")


def client_of(uploads: Uploads, wait_seconds: float) -> httpx.AsyncClient:
    routes = [Route("/upload", uploads.upload, methods=["POST"]), Route("/ping", ping)]
    app = BodyLimitMiddleware(Starlette(routes=routes), LIMIT, wait_seconds)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")


@pytest.fixture
async def uploads() -> Uploads:
    return Uploads()


async def test_more_large_bodies_than_memory_allows_take_turns(uploads: Uploads) -> None:
    """Eight at a time; all of them are answered, and whoever brings nothing does not wait."""
    async with client_of(uploads, wait_seconds=30) as client, asyncio.timeout(20):
        posts = [asyncio.create_task(client.post("/upload", content=b"x" * LIMIT)) for _ in range(20)]
        for _ in range(8):
            await uploads.let_in.acquire()
        assert (await client.get("/ping")).text == "pong"
        uploads.go.set()
        answers = await asyncio.gather(*posts)
    assert [answer.text for answer in answers] == [str(LIMIT)] * 20
    assert uploads.most == 8


async def test_who_waits_too_long_is_told_to_come_back(uploads: Uploads) -> None:
    """A 503 with Retry-After; its place in the line is free for the next one."""
    async with client_of(uploads, wait_seconds=0.05) as client, asyncio.timeout(20):
        posts = [asyncio.create_task(client.post("/upload", content=b"x" * LIMIT)) for _ in range(9)]
        (refused,), others = await asyncio.wait(posts, return_when=asyncio.FIRST_COMPLETED)
        assert refused.result().status_code == 503
        assert refused.result().headers["retry-after"] == "1"
        uploads.go.set()
        assert {answer.status_code for answer in await asyncio.gather(*others)} == {200}
        assert (await client.post("/upload", content=b"x" * LIMIT)).status_code == 200


async def test_a_chunked_body_is_held_to_the_limit(uploads: Uploads) -> None:
    """It declares nothing, so it is counted as it comes."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 100

    async with client_of(uploads, wait_seconds=1) as client:
        assert (await client.post("/upload", content=chunks())).status_code == 413
        assert (await client.post("/upload", content=b"x" * (LIMIT + 1))).status_code == 413


async def test_a_place_in_the_line_that_is_given_up_is_the_next_one_s() -> None:
    """Cancelled while it waits, or just when it is let in: no byte is lost."""
    semaphore = ByteSemaphore(10)
    await semaphore.acquire(10, 1)
    first = asyncio.create_task(semaphore.acquire(10, 1))
    second = asyncio.create_task(semaphore.acquire(4, 1))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    semaphore.release(10)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    await semaphore.acquire(10, 0.1)


async def test_two_that_give_up_in_the_same_moment_leave_nothing_behind() -> None:
    """Their waits end before they can say so; all bytes are free again, and nobody else is affected."""
    semaphore = ByteSemaphore(15)
    await semaphore.acquire(10, 1)
    waiting = [asyncio.create_task(semaphore.acquire(size, 0.01)) for size in (8, 2)]
    for result in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(result, TimeoutError)
    semaphore.release(10)
    await semaphore.acquire(15, 0.1)
