"""Alertmanager's webhook, and what is written of it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from release.notifications.alerts import create_alert_webhook
from service.problems import install_problem_handlers
from tests.unit.release.fakes import MemoryOutbox

BEGAN, NEVER = "2026-11-29T08:00:00.123Z", "0001-01-01T00:00:00Z"


def alert(fingerprint: str = "ab12", *, began: str = BEGAN, ended: str | None = None) -> dict[str, Any]:
    """Make an alert as Alertmanager posts it."""
    return {
        "status": "firing" if ended is None else "resolved",
        "labels": {"alertname": "TargetDown", "slot": "model_server", "severity": "critical"},
        "annotations": {"summary": "model_server does not answer", "description": "See its log."},
        "startsAt": began,
        "endsAt": ended or NEVER,
        "generatorURL": "http://prometheus:9090/graph",
        "fingerprint": fingerprint,
    }


def group(*alerts: dict[str, Any], **others: Any) -> dict[str, Any]:
    """Make a group as Alertmanager posts it."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="TargetDown"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "release",
        "groupLabels": {"alertname": "TargetDown"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": list(alerts),
        **others,
    }


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


@pytest.fixture
async def client(outbox: MemoryOutbox) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(create_alert_webhook(outbox, "http://localhost:3000"))
    install_problem_handlers(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://release") as client:
        yield client


async def tell(client: httpx.AsyncClient, *alerts: dict[str, Any], **others: Any) -> int:
    """Post a group and return how many messages were written."""
    answer = await client.post("/alerts", json=group(*alerts, **others))
    assert answer.status_code == 200, answer.text
    return int(answer.json()["messages"])


async def test_a_group_is_one_message(client: httpx.AsyncClient, outbox: MemoryOutbox) -> None:
    """About each of its alerts."""
    assert await tell(client, alert("aa"), alert("bb")) == 1
    (message,) = outbox.put_messages.values()
    assert message.subject == "Critical: TargetDown: model_server does not answer (and 1 more)"
    assert message.about == (
        "alert:aa:2026-11-29T08:00:00.123000+00:00:firing",
        "alert:bb:2026-11-29T08:00:00.123000+00:00:firing",
    )


async def test_what_is_told_again_is_written_once(client: httpx.AsyncClient, outbox: MemoryOutbox) -> None:
    """Also in another order, in another group, or with the time in another zone."""
    await tell(client, alert("aa"), alert("bb"))
    assert await tell(client, alert("bb"), alert("aa")) == 0
    assert await tell(client, alert("aa", began="2026-11-29T09:00:00.123+01:00")) == 0
    assert len(outbox.put_messages) == 1


async def test_of_a_group_that_grows_only_the_new_is_written(
    client: httpx.AsyncClient, outbox: MemoryOutbox
) -> None:
    """And of one that shrinks nothing but the end."""
    await tell(client, alert("aa"))
    assert await tell(client, alert("aa"), alert("bb")) == 1
    assert await tell(client, alert("aa"), alert("bb", ended="2026-11-29T08:09:00Z")) == 1
    assert await tell(client, alert("aa")) == 0
    assert [one.subject for one in outbox.put_messages.values()] == [
        "Critical: TargetDown: model_server does not answer",
        "Critical: TargetDown: model_server does not answer",
        "Ended: TargetDown: model_server does not answer",
    ]


async def test_an_alert_that_begins_anew_is_told_anew(client: httpx.AsyncClient) -> None:
    """It is another firing when it began at another time."""
    assert await tell(client, alert()) == 1
    assert await tell(client, alert(ended="2026-11-29T08:09:00Z")) == 1
    assert await tell(client, alert(began="2026-11-29T09:30:00Z")) == 1


async def test_beginnings_and_ends_are_two_messages(client: httpx.AsyncClient) -> None:
    """Of one group."""
    assert await tell(client, alert("aa"), alert("bb", ended="2026-11-29T08:09:00Z")) == 2


async def test_what_alertmanager_left_out_is_counted(client: httpx.AsyncClient, outbox: MemoryOutbox) -> None:
    """In the message."""
    await tell(client, alert(), truncatedAlerts=7)
    (message,) = outbox.put_messages.values()
    assert "… and 7 more" in message.body


async def test_other_peoples_alerts_are_told_too(client: httpx.AsyncClient, outbox: MemoryOutbox) -> None:
    """People write rules of their own."""
    bare = {**alert(), "labels": {"alertname": "Mine"}, "annotations": {}}
    await tell(client, bare)
    (message,) = outbox.put_messages.values()
    assert message.subject == "Warning: Mine: Mine"


async def test_an_empty_group_is_no_message(client: httpx.AsyncClient) -> None:
    """Nothing happened."""
    assert await tell(client) == 0


@pytest.mark.parametrize(
    "body",
    [
        group(alert(), version="5"),
        group(*[alert(f"{number:04x}") for number in range(101)]),
        group({**alert(), "labels": {f"l{number}": "x" for number in range(65)}}),
        group({**alert(), "annotations": {"summary": "x" * 4097}}),
        group({**alert(), "startsAt": "yesterday"}),
        group({**alert(), "startsAt": "2026-11-29T08:00:00"}),
        group({**alert(), "fingerprint": "ab:cd"}),
        group({**alert(), "status": "suppressed"}),
        {},
    ],
)
async def test_what_is_no_webhook_of_alertmanagers_is_refused(
    client: httpx.AsyncClient, outbox: MemoryOutbox, body: dict[str, Any]
) -> None:
    """Another version, too much of anything, a time without a zone."""
    assert (await client.post("/alerts", json=body)).status_code == 422
    assert not outbox.put_messages


async def test_while_the_database_is_away_alertmanager_is_told_to_come_again(
    client: httpx.AsyncClient, outbox: MemoryOutbox
) -> None:
    """It repeats what is answered by 503."""
    outbox.away = True
    answer = await client.post("/alerts", json=group(alert()))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
