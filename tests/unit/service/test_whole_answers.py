"""service/whole_answers.py: a killed server leaves no half answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest
from fastapi import FastAPI, Response
from starlette.responses import StreamingResponse

from service.whole_answers import HeadHoldingTransport
from tests.unit.service.serving import serving

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class RecordingTransport:
    """Records each write; None for a close, after which it takes none, as uvloop's."""

    def __init__(self) -> None:
        self.writes: list[bytes | None] = []

    def write(self, data: bytes) -> None:
        assert not self.is_closing()
        self.writes.append(data)

    def close(self) -> None:
        self.writes.append(None)

    def is_closing(self) -> bool:
        return None in self.writes


@pytest.fixture
def below() -> RecordingTransport:
    return RecordingTransport()


@pytest.fixture
def transport(below: RecordingTransport) -> HeadHoldingTransport:
    return HeadHoldingTransport(cast(asyncio.Transport, below))


async def test_head_and_body_are_one_write(
    below: RecordingTransport, transport: HeadHoldingTransport
) -> None:
    """What the kernel gets first is the whole answer."""
    transport.write(HEAD)
    transport.write(b"body")
    assert below.writes == [HEAD + b"body"]
    await asyncio.sleep(0)
    assert below.writes == [HEAD + b"body"]


async def test_a_head_alone_waits_no_longer_than_a_turn(
    below: RecordingTransport, transport: HeadHoldingTransport
) -> None:
    """A stream's head does not wait for its first part."""
    transport.write(HEAD)
    await asyncio.sleep(0)
    transport.write(b"part")
    assert below.writes == [HEAD, b"part"]


async def test_the_answers_of_two_requests_stay_in_order(
    below: RecordingTransport, transport: HeadHoldingTransport
) -> None:
    """A second head sends the first one off."""
    transport.write(HEAD)
    transport.write(HEAD)
    transport.write(b"body")
    assert b"".join(filter(None, below.writes)) == HEAD + HEAD + b"body"


async def test_nothing_is_held_back_from_a_close(
    below: RecordingTransport, transport: HeadHoldingTransport
) -> None:
    """A head that still waits is written before the connection is closed."""
    transport.write(HEAD)
    transport.close()
    assert below.writes == [HEAD, None]
    assert transport.is_closing()


async def test_a_client_that_leaves_takes_the_head_with_it(
    below: RecordingTransport, transport: HeadHoldingTransport
) -> None:
    """The connection may be lost within the turn; nothing is written then, and nothing raised in the loop."""
    raised: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context))
    transport.write(HEAD)
    below.close()
    await asyncio.sleep(0)
    assert below.writes == [None]
    assert not raised


async def test_a_client_reads_the_whole_answer_at_once() -> None:
    """Of fifty answers not one comes in two pieces."""
    app = FastAPI()
    app.get("/")(lambda: Response("body"))
    async with serving(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(50):
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await reader.read(65536)).endswith(b"\r\n\r\nbody")
        writer.close()


async def test_a_stream_arrives_part_by_part() -> None:
    """Its head comes before its first part is there."""
    app, more = FastAPI(), asyncio.Event()

    async def parts() -> AsyncIterator[bytes]:
        await more.wait()
        yield b"part"

    app.get("/")(lambda: StreamingResponse(parts()))
    async with serving(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        more.set()
        assert await reader.readuntil(b"0\r\n\r\n") == b"4\r\npart\r\n0\r\n\r\n"
        writer.close()
