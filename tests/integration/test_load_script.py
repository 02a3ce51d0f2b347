"""wrk with our script, and hey, against a tiny server whose answers are known."""

import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmark.load.bodies import Bodies
from benchmark.load.hey import run_hey
from benchmark.load.wrk import run_wrk


class Counting(ThreadingHTTPServer):
    """Answers 200, 302 and 503 by what is posted, and counts."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.posted: Counter[tuple[str, bytes]] = Counter()

    def handle_error(self, *words: object) -> None:
        """Say nothing: a load generator closes its connections when its time is over."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/predict"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 4096  # head and body go out together
    server: Counting

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted[self.headers["Content-Type"], body] += 1
        self.send_response(int(body))
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Counting]:
    with Counting() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def bodies(folder: Path, *statuses: int) -> Bodies:
    for status in statuses:
        (folder / str(status)).write_text(str(status))
    return Bodies("image/jpeg", [folder / str(status) for status in statuses])


def test_wrk_counts_answers_by_what_they_are(server: Counting, tmp_path: Path) -> None:
    """Of three bodies in turn, the redirect and the 503 are failures: two thirds of all answers."""
    outcome = run_wrk(server.url, bodies(tmp_path, 200, 302, 503), concurrency=1, seconds=1)
    assert outcome.succeeded > 10
    assert outcome.failures == pytest.approx(2 * outcome.succeeded, abs=2)
    assert {content_type for content_type, _ in server.posted} == {"image/jpeg"}
    assert max(server.posted.values()) - min(server.posted.values()) <= 1


def test_wrk_with_good_answers_counts_no_failure(server: Counting, tmp_path: Path) -> None:
    """All answers are 2xx, and the percentiles are times that can be."""
    outcome = run_wrk(server.url, bodies(tmp_path, 200), concurrency=4, seconds=1)
    assert outcome.failures == 0
    assert 0 < outcome.p50_milliseconds <= outcome.p99_milliseconds < 1000


def test_hey_counts_other_answers_as_failures(server: Counting, tmp_path: Path) -> None:
    """hey sends exactly as many as told, and a 503 is a failure."""
    assert run_hey(server.url, bodies(tmp_path, 503), 4, 100).failures == 100
    outcome = run_hey(server.url, bodies(tmp_path, 200), 4, 100)
    assert (outcome.succeeded, outcome.failures) == (100, 0)
    assert server.posted["image/jpeg", b"200"] == 100
