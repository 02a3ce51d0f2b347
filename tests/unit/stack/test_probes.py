"""A component is ready, or the probe says why not."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from stack.plain.probes import http_complaint, mongodb_complaint
from tests.ports import free_port


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    def do_GET(self) -> None:
        self.send_response(int(self.path[1:]))
        self.end_headers()

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


def test_who_does_not_listen_does_not_answer() -> None:
    """Both probes say so in a few words, with the reason."""
    port = free_port()
    for complaint in (http_complaint(f"http://127.0.0.1:{port}/"), mongodb_complaint("127.0.0.1", port)):
        assert complaint
        assert complaint.startswith("no answer (")
        assert "refused" in complaint
        assert len(complaint) < 100
