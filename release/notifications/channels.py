"""The channels that messages go to, from the URLs in NOTIFY_URLS; Apprise knows some hundred kinds.

A URL holds tokens and passwords, so none is ever logged: a channel is called by its scheme and its place
among the channels of that scheme. A corrected password leaves its name, and so what waits for it, as it was.
"""

import hashlib
import logging
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass
from smtplib import SMTPException
from urllib.parse import unquote

from apprise import Apprise, NotifyBase
from apprise.exception import AppriseException
from apprise.plugins.email.base import NotifyEmail

from mongodb.outbox import Delivery
from release.notifications.emails import send_email

IDEMPOTENCY_KEY = "Idempotency-Key"
REPEATED = "You may have had this before: the sender was stopped while it was sending."
SEPARATORS = re.compile(r"[,\s]*\s[,\s]*|,+(?=[A-Za-z][A-Za-z0-9.+-]*://)|,+$")  # a URL may have commas
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}")
LONGEST_COMPLAINT = 500
LEAST_SECRET = 3  # a shorter word is too common to be one
HIDDEN = "***"
CAUSE = "Socket Exception"  # how Apprise begins a line, of the level debug, that says why

# What Apprise, and the HTTP library below it, say may quote a URL: it is heard by `complaints` alone.
apprise_logger = logging.getLogger("apprise")
apprise_logger.setLevel(logging.DEBUG)
for _logger in (apprise_logger, logging.getLogger("urllib3")):
    _logger.propagate = False
    _logger.addHandler(logging.NullHandler())


class WrongChannel(Exception):
    """One of the URLs is none that a message can go to; the message has nothing of it but its scheme."""


@dataclass(frozen=True)
class AppriseChannel:
    """A channel that Apprise speaks with."""

    name: str
    scheme: str
    plugin: NotifyBase
    secrets: Set[str]

    def send(self, delivery: Delivery) -> str | None:
        """Send the message, with the same id however often; a receiver that knows it can drop the repeat."""
        identity = identity_of(delivery.key, self.name)
        body = f"{delivery.body}\n\n{REPEATED}" if delivery.begun else delivery.body
        with complaints() as heard:
            try:
                taken = self._send(delivery.subject, body, identity)
            except (AppriseException, SMTPException, OSError, ValueError) as error:
                taken = False
                heard.append(f"{type(error).__name__}: {error}")
        return None if taken else mask(heard[-1] if heard else "it was not taken", self.secrets)

    def _send(self, subject: str, body: str, identity: str) -> bool:
        if isinstance(self.plugin, NotifyEmail):
            return send_email(self.plugin, subject, body, identity)
        if isinstance(headers := getattr(self.plugin, "headers", None), dict):  # webhooks have them
            headers[IDEMPOTENCY_KEY] = identity
        return bool(self.plugin.notify(title=subject, body=body))


def open_channels(urls: str) -> list[AppriseChannel]:
    """Return a channel for each URL; they are separated by spaces or commas. Nothing is connected.

    Raises:
        WrongChannel: Apprise cannot make a channel of one of them.
    """
    seen: Counter[str] = Counter()
    channels = []
    for number, url in enumerate(filter(None, SEPARATORS.split(urls.strip())), start=1):
        scheme, there, _ = url.partition("://")
        with complaints() as heard:
            plugin = Apprise.instantiate(url) if there else None
        if not isinstance(plugin, NotifyBase) or _has_no_target(plugin):
            shown = f"{scheme}://" if there and SCHEME.fullmatch(scheme) else "without a scheme"
            why = f" ({mask(heard[0], words_of(url))})" if heard else ""
            raise WrongChannel(
                f"NOTIFY_URLS: number {number}, {shown}, is no URL of a channel{why}: see the list at "
                "https://appriseit.com/services/, and write %40 for @, %2F for / in a password"
            )
        kind = re.sub(r"[^a-z0-9]", "_", scheme.lower())
        seen[kind] += 1
        channels.append(
            AppriseChannel(f"{kind}_{seen[kind]}", kind, plugin, words_of(url, plugin.user, plugin.password))
        )
    return channels


def identity_of(key: str, channel: str) -> str:
    """Return the id of a message in a channel: the same at every attempt."""
    return hashlib.sha256(f"{key}\n{channel}".encode()).hexdigest()[:32]


def mask(complaint: str, secrets: Iterable[str]) -> str:
    """Return a complaint, in one line, without any of the secrets in it."""
    line = " ".join(complaint.split())[:LONGEST_COMPLAINT]
    for secret in sorted(secrets, key=len, reverse=True):
        line = line.replace(secret, HIDDEN)
    return line


def words_of(url: str, *others: str | None) -> set[str]:
    """Return every word of a URL but the names of its options; a token may stand anywhere in it."""
    rest = re.sub(r"(?<=[?&])[^=&]*=", " ", url.partition("://")[2])
    words = {word for text in (rest, unquote(rest)) for word in re.split(r"[^\w.-]+", text)}
    return {word for word in (*words, *others) if word and len(word) >= LEAST_SECRET}


def _has_no_target(plugin: NotifyBase) -> bool:
    return isinstance(plugin, NotifyEmail) and not plugin.targets


class _Complaints(logging.Handler):
    """Collects what Apprise complains of in this thread; another thread's is another channel's."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.thread == self._thread and (record.levelno >= logging.WARNING or CAUSE in message):
            self.heard.append(message)


@contextmanager
def complaints() -> Iterator[list[str]]:
    """Collect Apprise's complaints while the block runs."""
    handler = _Complaints()
    apprise_logger.addHandler(handler)
    try:
        yield handler.heard
    finally:
        apprise_logger.removeHandler(handler)
