"""A slot and its detector in one server, for the tests of what sends them traffic."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

SLOT = "model_server_new"


class FakeStack(ThreadingHTTPServer):
    """Takes predictions; every `window_size` of them are a window, scored when somebody asks.

    Below a path, `/model_server` say, its results are those of a slot of that name.
    """

    def __init__(
        self,
        read: Callable[[str, bytes], Any],
        score: Callable[[list[Any]], dict[str, Any]],
        window_size: int,
    ) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.read = read
        self.score = score
        self.window_size = window_size
        self.status = 200
        self.received: list[tuple[datetime, Any]] = []
        self.labels: dict[str, str] = {}
        self.refuse_labels = False

    @property
    def url(self) -> str:
        """Return where it answers."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def inputs(self) -> list[Any]:
        """Return what predictions were asked for, in turn."""
        return [one for _, one in self.received]

    def results(self, slot: str) -> list[dict[str, Any]]:
        """Score the windows that are full, as GET /results shows them; the newest first."""
        starts = range(0, len(self.received) - self.window_size + 1, self.window_size)
        windows = [self.received[start : start + self.window_size] for start in reversed(starts)]
        return [
            {"slot": slot, "first_sample_at": min(window)[0].isoformat()}
            | self.score([one for _, one in window])
            for window in windows
        ]


class Handler(BaseHTTPRequestHandler):
    """Answers for both."""

    server: FakeStack

    def do_POST(self) -> None:
        """Take an image or a row, or labels."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/feedback"):
            self.take_labels(body)
            return
        received = self.server.read(self.headers["Content-Type"], body)
        self.server.received.append((datetime.now(UTC), received))
        request_id = f"r-{len(self.server.received) - 1}"
        self.answer(self.server.status, {"slot": SLOT, "request_id": request_id})

    def take_labels(self, body: bytes) -> None:
        """Take JSON lines, or refuse them all."""
        assert self.headers["Content-Type"] == "application/x-ndjson"
        labels = [json.loads(line) for line in body.splitlines()]
        if self.server.refuse_labels:
            errors = [{"line": 1, "status": 404, "detail": "was not kept"}]
            self.answer(200, {"accepted": 0, "refused": len(labels), "errors": errors})
            return
        self.server.labels |= {one["request_id"]: one["label"] for one in labels}
        self.answer(200, {"accepted": len(labels), "refused": 0, "errors": []})

    def do_GET(self) -> None:
        """Show the windows."""
        slot = self.path.removesuffix("/results?limit=50").removeprefix("/")
        self.answer(200, self.server.results(slot or SLOT))

    def answer(self, status: int, content: Any) -> None:
        """Send JSON."""
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def running(stack: FakeStack) -> Iterator[FakeStack]:
    """Run the server."""
    thread = Thread(target=stack.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield stack
    stack.shutdown()
    thread.join()
    stack.server_close()
