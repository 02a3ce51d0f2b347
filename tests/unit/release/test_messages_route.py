"""release/routes/messages.py: another program of the stack has people told something."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from mongodb.errors import StoreUnavailable
from mongodb.outbox import Message, Outbox
from release.routes.messages import messages_router
from service.hand_over import refusal_headers
from service.problems import install_problem_handlers
from service.token import SharedToken, token_demand

TOKEN = "a" * 32
TOLD = {
    "key": "retraining:20261130T120000Z",
    "subject": "Retraining: done",
    "lines": ["It is better.", "Look."],
}


class FakeOutbox:
    """Keeps messages by their keys."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.away = False

    async def put(self, message: Message, now: datetime) -> bool:
        assert now.tzinfo is not None
        if self.away:
            raise StoreUnavailable("away")
        is_new = message.key not in self.messages
        self.messages.setdefault(message.key, message)
        return is_new


@pytest.fixture
def outbox() -> FakeOutbox:
    return FakeOutbox()


Post = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def post(outbox: FakeOutbox) -> Post:
    app = FastAPI()
    install_problem_handlers(app, refusal_headers)
    demand = token_demand(SharedToken(SecretStr(TOKEN), Path("nowhere")))
    app.include_router(messages_router(cast(Outbox, outbox), "http://dashboards", demand))

    async def post(body: Any, token: str = TOKEN) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://release") as client:
            return await client.post("/messages", json=body, headers={"Authorization": f"Bearer {token}"})

    return post


async def test_a_message_is_written_once(post: Post, outbox: FakeOutbox) -> None:
    """A program that was killed tells it again."""
    assert (await post(TOLD)).json() == {"messages": 1}
    assert (await post(TOLD)).json() == {"messages": 0}
    (message,) = outbox.messages.values()
    assert message.subject == "Retraining: done"
    assert message.body == "It is better.\nLook.\nDashboards: http://dashboards"


async def test_it_wants_the_token(post: Post, outbox: FakeOutbox) -> None:
    """Nobody else writes to people."""
    assert (await post(TOLD, "b" * 32)).status_code == 401
    assert outbox.messages == {}


async def test_without_the_database_it_is_to_come_again(post: Post, outbox: FakeOutbox) -> None:
    """Nothing was written."""
    outbox.away = True
    answer = await post(TOLD)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "no colon"},
        {"key": "release:x/../y"},
        {"subject": "s" * 161},
        {"subject": ""},
        {"lines": []},
        {"lines": ["x" * 701]},
        {"lines": ["x"] * 101},
        {"more": 1},
    ],
)
async def test_what_is_no_message_is_refused(post: Post, wrong: dict[str, Any]) -> None:
    """Whoever sends it."""
    assert (await post(TOLD | wrong)).status_code == 422
