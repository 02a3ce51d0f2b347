"""The release program killed, again and again, while messages go to a real mail server and a webhook."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from mongodb.outbox import Message
from mongodb.store import Store
from release.notifications.channels import REPEATED, identity_of
from service.clock import utc_now
from tests.integration.detector_program import until
from tests.integration.server_program import ServerProgram
from tests.receivers import MailServer, Webhook

KILLS, MESSAGES_EACH = 6, 5
MAIL, POST = "mailto_1", "json_1"


@pytest.fixture
def release(
    tmp_path: Path, mongodb_uri: str, mail_server: MailServer, webhook: Webhook
) -> Iterator[ServerProgram]:
    """Give the program with both channels."""
    settings = {
        "MONGODB_URI": mongodb_uri,
        "NOTIFY_URLS": f"{mail_server.url} {webhook.url}",
        "NOTIFY_INTERVAL_SECONDS": 0.1,
    }
    program = ServerProgram("release serve", tmp_path / "release.log", settings)
    yield program
    program.kill()


async def put(store: Store, first: int) -> list[str]:
    """Put some messages for both channels and return their keys."""
    keys = [f"release:{number}:promoted" for number in range(first, first + MESSAGES_EACH)]
    outbox = store.outbox([MAIL, POST])
    for key in keys:
        await outbox.put(Message(key, f"About {key}", "It was good."), utc_now())
    return keys


async def all_taken(store: Store) -> bool:
    """Tell whether nothing waits."""
    return (await store.outbox([MAIL, POST]).backlog()).deliveries == 0


async def test_killed_at_any_moment_no_message_is_lost_and_none_twice_unseen(
    store: Store, release: ServerProgram, mail_server: MailServer, webhook: Webhook
) -> None:
    """Killed at random, and as soon as the server has the message and has not answered, the worst moment.

    Each message arrives. What arrives twice was under way when the program was killed: at most one message
    of a channel for each kill. It has the first one's id, so that a receiver can drop it, and says so.
    """
    moments, keys = random.Random(20261129), list[str]()
    for number in range(KILLS):
        keys += await put(store, number * MESSAGES_EACH)
        release.start()
        arrived = len(mail_server.mails)
        if number % 3 == 0:
            mail_server.on_mail = release.kill
        await asyncio.to_thread(release.wait_until_gone if number % 3 == 0 else release.wait_until_ready)
        if number % 3 == 1:
            await until(lambda arrived=arrived: _is_more(mail_server, arrived), 60)  # type: ignore[misc]
        elif number % 3 == 2:
            await asyncio.sleep(moments.uniform(0, 0.6))
        release.kill()
        mail_server.on_mail = lambda: None
    release.start()
    await until(lambda: all_taken(store), seconds=120)
    mails, posts = Counter(mail_server.ids), Counter(webhook.keys)
    assert set(mails) == {f"<{identity_of(key, MAIL)}@example.org>" for key in keys}
    assert set(posts) == {identity_of(key, POST) for key in keys}
    doubled = mails.total() - len(mails)
    print(
        f"{len(keys)} messages, {KILLS} kills: {doubled} mails and {posts.total() - len(posts)} posts twice"
    )
    at_worst_moment = len(range(0, KILLS, 3))
    assert at_worst_moment <= doubled <= KILLS, (
        "the worst moment was not met, or more than what was under way came twice"
    )
    assert posts.total() - len(posts) <= KILLS
    assert_repeats_say_so([(mail["Message-ID"], mail.get_content()) for mail in mail_server.mails])
    assert_repeats_say_so([(str(post.key), post.body["message"]) for post in webhook.posts])


async def _is_more(mail_server: MailServer, than: int) -> bool:
    return len(mail_server.mails) > than


def assert_repeats_say_so(arrived: list[tuple[str, str]]) -> None:
    """Check that whatever came before says so when it comes again."""
    seen = set[str]()
    for identity, text in arrived:
        assert REPEATED in text or identity not in seen
        seen.add(identity)


async def test_stopped_at_any_moment_nothing_comes_twice(
    store: Store, release: ServerProgram, mail_server: MailServer, webhook: Webhook
) -> None:
    """A restart lets what is under way end, and notes it."""
    keys = list[str]()
    for number in range(4):
        keys += await put(store, number * MESSAGES_EACH)
        arrived = len(mail_server.mails)
        release.start()
        await until(lambda arrived=arrived: _is_more(mail_server, arrived + 1), 60)  # type: ignore[misc]
        assert await asyncio.to_thread(release.stop) == -signal.SIGTERM
    release.start()
    await until(lambda: all_taken(store), seconds=120)
    assert sorted(mail_server.ids) == sorted(f"<{identity_of(key, MAIL)}@example.org>" for key in keys)
    assert sorted(map(str, webhook.keys)) == sorted(identity_of(key, POST) for key in keys)


async def test_a_channel_that_hangs_delays_no_other_and_gets_everything_later(
    store: Store, release: ServerProgram, mail_server: MailServer, webhook: Webhook
) -> None:
    """While the webhook takes requests and answers none, all e-mails come; then the webhook gets its own."""
    webhook.go.clear()
    keys = await put(store, 0)
    release.start()
    await until(lambda: _is_more(mail_server, len(keys) - 1), 60)
    assert webhook.posts == []
    webhook.go.set()
    await until(lambda: all_taken(store), seconds=60)
    assert set(webhook.keys) == {identity_of(key, POST) for key in keys}


async def test_the_program_tells_how_it_is_and_keeps_its_secrets(
    store: Store, release: ServerProgram, webhook: Webhook
) -> None:
    """Its metrics have the outcomes by scheme; neither they nor the log have a part of a URL."""
    webhook.status = 500
    await put(store, 0)
    release.start()
    await asyncio.to_thread(release.wait_until_ready)
    await until(lambda: _has_failed(release), 60)
    metrics = release.get("/metrics").text
    assert 'notifications_sent_total{channel="mailto",outcome="sent",slot="shared"}' in metrics
    assert 'notifications_pending{slot="shared"}' in metrics
    told = f"{metrics}{release.output.read_text()}"
    assert "the channel json_1 did not take a message" in told
    for secret in ("robot", "hunter2", "s3cr3ttoken"):
        assert secret not in told


async def _has_failed(release: ServerProgram) -> bool:
    metrics = release.get("/metrics").text
    return 'notifications_sent_total{channel="json",outcome="failed",slot="shared"} 0.0' not in metrics


def test_a_wrong_url_is_one_line_at_the_start(tmp_path: Path) -> None:
    """And exit code 2; the line has no part of the URL."""
    program = ServerProgram("release serve", tmp_path / "release.log", {"NOTIFY_URLS": "nosuch://hunter2"})
    program.start()
    assert program.wait() == 2
    (line,) = program.output.read_text().splitlines()
    assert line.startswith("NOTIFY_URLS: number 1, nosuch://, is no URL of a channel")
    assert "hunter2" not in line
