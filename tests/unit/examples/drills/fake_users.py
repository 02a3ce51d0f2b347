"""nginx as a drill's users meet it, in this process."""

import asyncio
import json
from collections.abc import Callable
from itertools import count
from typing import Any

import httpx

from examples.drills.images import Image, Images
from service.slots import STABLE

IMAGES = Images(
    clean=[Image(b"clean apple", "apple"), Image(b"clean lemon", "lemon")],
    damaged=[Image(b"damaged apple", "apple")],
)


class FakeNginx(httpx.AsyncBaseTransport):
    """Answers predictions as `slot_of` and `status_of` say, by what was asked for; keeps all that came."""

    def __init__(self) -> None:
        self.slot_of: Callable[[httpx.Request], str] = lambda _: STABLE
        self.status_of: Callable[[httpx.Request], int] = lambda _: 200
        self.is_away = False
        self.open = asyncio.Event()
        self.open.set()
        self.asked: list[httpx.Request] = []
        self.labels: dict[str, str] = {}
        self._numbers = count()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_away:
            raise httpx.ConnectError("refused")
        if request.url.path == "/feedback":
            told = [json.loads(line) for line in request.content.splitlines()]
            self.labels |= {one["request_id"]: one["label"] for one in told}
            return httpx.Response(200, json={"accepted": len(told), "refused": 0})
        self.asked.append(request)
        await self.open.wait()
        answer: dict[str, Any] = {"request_id": f"{next(self._numbers)} {request.content.decode()}"}
        return httpx.Response(self.status_of(request), json=answer, headers={"X-Slot": self.slot_of(request)})
