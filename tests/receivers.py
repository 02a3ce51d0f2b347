"""What takes the messages in the tests: a real SMTP server and a real webhook, both on the loopback."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class MailServer:
    """An SMTP server that keeps what it takes; it refuses everything while `refuses`."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    refuses: bool = False
    on_mail: Callable[[], None] = lambda: None  # called before the answer goes out

    def __post_init__(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    @property
    def url(self) -> str:
        """Return the channel's URL."""
        return f"mailto://127.0.0.1:{self.port}?mode=insecure&from=stack@example.org&to=me@example.org&cto=2"

    @property
    def ids(self) -> list[str]:
        """Return the Message-ID of each e-mail."""
        return [mail["Message-ID"] for mail in self.mails]

    def start(self) -> None:
        """Listen."""
        self._controller.start()

    def stop(self) -> None:
        """Stop listening."""
        self._controller.stop()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take an e-mail."""
        if self.refuses:
            return "451 not now"
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.on_mail()
        return "250 OK"


@dataclass(frozen=True)
class Post:
    """What a webhook was sent."""

    key: str | None
    body: dict[str, Any]


class Webhook:
    """An HTTP server that keeps what is posted to it, and answers `status` when `go` is set."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.status = 200
        self.asked = 0
        self.go = threading.Event()
        self.go.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        """Return where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Return the channel's URL, with secrets in it."""
        return f"json://robot:hunter2@127.0.0.1:{self.port}/hook/s3cr3ttoken"

    @property
    def keys(self) -> list[str | None]:
        """Return the idempotency key of each post."""
        return [post.key for post in self.posts]

    def start(self) -> None:
        """Answer in a thread."""
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self.go.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                webhook.asked += 1
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                webhook.go.wait(30)
                if webhook.status == 200:
                    webhook.posts.append(Post(self.headers["Idempotency-Key"], body))
                self.send_response(webhook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
                """Say nothing."""

        return Handler
