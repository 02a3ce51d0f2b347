"""A component is ready, or the probe says why not."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from stack.plain.probes import http_complaint, mongodb_complaint, workers_complaint
from tests.ports import free_port


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with the status that the path names, and what stands behind it."""

    def do_GET(self) -> None:
        status, _, text = self.path[1:].partition("/")
        self.send_response(int(status))
        self.end_headers()
        self.wfile.write(f"# HELP x y\n{text.replace('=', ' ')}\n".encode())

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(("status", "complaint"), [(200, None), (503, "answers 503")])
def test_a_status_is_the_answer(url: str, status: int, complaint: str | None) -> None:
    """2xx is ready, everything else is named."""
    assert http_complaint(f"{url}/{status}") == complaint


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ("200/rabbitmq_consumers=2", None),
        ("200/rabbitmq_consumers=12", None),
        ("200/rabbitmq_consumers=1", "1 of 2 ask for work"),
        ("200/rabbitmq_channel_consumers=5", "0 of 2 ask for work"),
        ("503/rabbitmq_consumers=2", "answers 503"),
    ],
)
def test_workers_are_counted_by_rabbitmq(url: str, told: str, complaint: str | None) -> None:
    """A process that runs, but has no connection, does no work."""
    assert workers_complaint(f"{url}/{told}", 2) == complaint


def test_who_does_not_listen_does_not_answer() -> None:
    """Both probes say so in a few words, with the reason."""
    port = free_port()
    for complaint in (http_complaint(f"http://127.0.0.1:{port}/"), mongodb_complaint("127.0.0.1", port)):
        assert complaint
        assert complaint.startswith("no answer (")
        assert "refused" in complaint
        assert len(complaint) < 100
