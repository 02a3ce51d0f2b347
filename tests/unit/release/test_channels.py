"""Channels: what NOTIFY_URLS means, what goes over the wire, and what is never told of a URL."""

import io
import itertools
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mongodb.outbox import Delivery
from release.notifications.channels import WrongChannel, complaints, mask, open_channels
from tests.ports import free_port
from tests.receivers import MailServer, Webhook
from tests.unit.release.fakes import NOW

DELIVERY = Delivery("release:7:aborted", "Abgebrochen: größer", "Zeile 1\nZeile 2", NOW, 0, None, False)


@pytest.mark.parametrize("separator", [" ", ",", ", ", "\n", " , "])
def test_urls_are_separated_by_spaces_or_commas(separator: str) -> None:
    """A comma within one, between its addresses, separates nothing."""
    urls = separator.join(
        [
            "mailto://a.example.org?from=s@example.org&to=x@example.org,y@example.org",
            "json://one",
            "json://two",
            "jsons://three",
        ]
    )
    names = ["mailto_1", "json_1", "json_2", "jsons_1"]
    assert [channel.name for channel in open_channels(urls)] == names
    assert [channel.scheme for channel in open_channels(urls)] == ["mailto", "json", "json", "jsons"]


@pytest.mark.parametrize("urls", ["", " ", ",", "\n"])
def test_without_a_url_there_is_no_channel(urls: str) -> None:
    """And nothing fails."""
    assert open_channels(urls) == []


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("hunter2", "without a scheme"),
        ("nosuch://hunter2", "nosuch://"),
        ("slack://hunter2", "slack://"),
        ("mailto://hunter2", "mailto://"),
    ],
)
def test_what_is_no_channel_is_named_by_its_place_alone(
    url: str, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The URL may hold a password, so neither the error nor Apprise shows it."""
    with pytest.raises(WrongChannel, match=r"NOTIFY_URLS: number 2, ") as caught:
        open_channels(f"json://localhost {url}")
    assert f", {kind}, " in str(caught.value)
    assert "hunter2" not in f"{caught.value}{capfd.readouterr()}"


def test_an_email_has_the_words_and_an_id_that_stays(mail_server: MailServer) -> None:
    """The same Message-ID at every attempt, and another one for another message."""
    (channel,) = open_channels(mail_server.url)
    for delivery in (DELIVERY, replace(DELIVERY, attempts=3), replace(DELIVERY, key="another")):
        assert channel.send(delivery) is None
    first, second, third = mail_server.mails
    assert (first["Subject"], first["To"], first["From"]) == (
        DELIVERY.subject,
        "me@example.org",
        "stack@example.org",
    )
    assert first.get_content().splitlines() == ["Zeile 1", "Zeile 2"]
    assert first["Message-ID"] == second["Message-ID"] != third["Message-ID"]
    assert first.get_all("Message-ID") == [first["Message-ID"]]


def test_a_webhook_gets_the_words_and_a_key_that_stays(webhook: Webhook) -> None:
    """The same idempotency key at every attempt, and another one for another message."""
    (channel,) = open_channels(webhook.url)
    for delivery in (DELIVERY, replace(DELIVERY, attempts=3), replace(DELIVERY, key="another")):
        assert channel.send(delivery) is None
    assert webhook.posts[0].body["title"] == DELIVERY.subject
    assert webhook.posts[0].body["message"] == DELIVERY.body
    first, second, third = webhook.keys
    assert first
    assert first == second != third


def test_two_channels_of_a_kind_have_keys_of_their_own(webhook: Webhook) -> None:
    """A receiver behind both would else drop the second."""
    for channel in open_channels(f"{webhook.url} {webhook.url}"):
        channel.send(DELIVERY)
    assert len(set(webhook.keys)) == 2


def test_what_may_be_a_repeat_says_so(webhook: Webhook) -> None:
    """In its last line; not every receiver knows an idempotency key."""
    (channel,) = open_channels(webhook.url)
    channel.send(replace(DELIVERY, begun=True))
    assert webhook.posts[0].body["message"].splitlines()[-1].startswith("You may have had this before")


def test_a_refusal_is_a_complaint(mail_server: MailServer, webhook: Webhook) -> None:
    """That says why."""
    mail_server.refuses, webhook.status = True, 507
    mail, post = open_channels(f"{mail_server.url} {webhook.url}")
    assert "451" in (mail.send(DELIVERY) or "")
    assert "507" in (post.send(DELIVERY) or "")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Give what the program's log gets at its most talkative; pytest's own hears what goes nowhere too."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def test_no_part_of_a_url_is_told(webhook: Webhook, log: io.StringIO) -> None:
    """Neither in the complaint nor in the log, at any level, whether it is taken or not."""
    port = free_port()
    urls = (webhook.url, f"json://robot:hunter2@127.0.0.1:{port}/hook/s3cr3ttoken")
    mail = f"mailto://robot:hunter2@127.0.0.1:{port}?mode=insecure&from=a@example.org&to=b@example.org&cto=1"
    said = [channel.send(DELIVERY) for channel in open_channels(" ".join([*urls, mail]))]
    webhook.status = 500
    said += [channel.send(DELIVERY) for channel in open_channels(webhook.url)]
    assert [bool(complaint) for complaint in said] == [False, True, True, True]
    for secret in ("robot", "hunter2", "s3cr3ttoken"):
        assert secret not in f"{said}{log.getvalue()}"


@pytest.mark.parametrize("order", list(itertools.permutations(["hunter", "hunter2", "unt"])))
def test_a_secret_within_a_secret_hides_none_of_it(order: list[str]) -> None:
    """Whatever their order."""
    assert mask("the password\nhunter2 is wrong", order) == "the password *** is wrong"


def test_the_complaints_of_two_channels_are_not_mixed() -> None:
    """Each is heard in the thread that sends to it."""
    with complaints() as heard:
        other = threading.Thread(target=logging.getLogger("apprise").warning, args=("of another channel",))
        other.start()
        other.join()
        logging.getLogger("apprise").warning("of this one")
    assert heard == ["of this one"]
