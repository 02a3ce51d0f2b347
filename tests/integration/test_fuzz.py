"""A short run of `make fuzz`: the model servers keep to the contract, and a fault would be seen."""

import itertools
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.robustness.fuzz import Fuzzing, Target, own_targets, replay
from tests.robustness.protocol_cases import Model
from tests.robustness.wire import Address

SEED = 8
CASES = 900
SLOW_SECONDS = 0.2


class FaultyHandler(BaseHTTPRequestHandler):
    """Answers as the contract says, but for every fifth request, which meets the server's fault."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, or each answer takes 40 ms
    fault = ""
    numbers = itertools.count()

    def handle_request(self) -> None:
        self.read_body()
        is_hit = next(self.numbers) % 5 == 4
        if is_hit and self.fault == "drops":
            self.close_connection = True
            return
        if is_hit and self.fault == "hangs":
            time.sleep(2 * SLOW_SECONDS)  # the fault itself
        self.send_response(500 if is_hit and self.fault == "breaks" else 400)
        body = b'{"error": "no", "type": "about:blank", "title": "No", "status": 400, "detail": "no"}'
        if is_hit and self.fault == "mumbles":
            body = b"Bad Request"
        self.send_header("Content-Type", "application/problem+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read_body(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        size = 1 if self.headers.get("Transfer-Encoding") else 0
        while size:
            size = int(self.rfile.readline(), 16)
            self.rfile.read(size + len(b"\r\n"))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = handle_request  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the overridden one
        pass


@pytest.fixture(params=["breaks", "drops", "hangs", "mumbles"])
def faulty(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a server with a fault, and give its URL."""

    class Handler(FaultyHandler):
        fault = request.param
        numbers = itertools.count()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_no_mutated_request_is_answered_wrongly(tmp_path: Path) -> None:
    """Of 600 uploads and 300 cases of the protocol none gets an answer beside the contract, or none."""
    with own_targets() as targets:
        report = Fuzzing(targets, SEED, iter(range(CASES)), folder=tmp_path).run()
    assert report.total == CASES
    assert not report.failures, report.text()
    assert not report.deaths
    assert sum(count for (_, status), count in report.counts.items() if status == "200") > CASES / 10


def test_a_fault_is_seen_and_its_bytes_are_kept(faulty: str, tmp_path: Path) -> None:
    """Every fifth answer is wrong, and so many cases are reported, each with the bytes to send again."""
    target = Target(faulty, Model("colour", "1"))
    fuzzing = Fuzzing([target], SEED, iter(range(50)), folder=tmp_path, slow_seconds=SLOW_SECONDS)
    report = fuzzing.run(connections=1)
    assert len(report.failures) == 10
    kept = report.failures[0].file
    assert kept.read_bytes().split(b" ", 1)[0].isupper()
    assert replay(kept, Address.of(faulty)).endswith("nothing is wrong with it")
    assert "alone: nothing is wrong with it" in report.text()
