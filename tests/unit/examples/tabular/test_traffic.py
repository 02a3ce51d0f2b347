"""The traffic: what it sends, whom it believes, what it shows."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import numpy as np
import pytest

from drift_detector_server.detectors.ks import Ks
from examples.tabular.data import Part, draw
from examples.tabular.traffic import main

NAMES = ["x1", "x2"]


class SlotAndDetector(ThreadingHTTPServer):
    """A slot and its detector in one: every 100 rows are a window, scored when somebody asks."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.features = NAMES
        self.status = 200
        self.rows: list[tuple[datetime, list[float]]] = []
        self.detector = Ks(draw("regressor", Part.REFERENCE, 500).rows, NAMES)

    @property
    def url(self) -> str:
        """Return where it answers."""
        return f"http://127.0.0.1:{self.server_port}"

    def results(self) -> list[dict[str, Any]]:
        """Score the windows that are full; the newest first."""
        windows = [self.rows[start : start + 100] for start in range(0, len(self.rows) - 99, 100)]
        return [self.result(window) for window in reversed(windows)]

    def result(self, window: list[tuple[datetime, list[float]]]) -> dict[str, Any]:
        """Score one window, as GET /results shows it."""
        score = self.detector.score(np.array([row for _, row in window], np.float32), 0.05)
        features = [
            {"name": name, "p_value": one.p_value, "distance": one.distance, "drift": one.drift}
            for name, one in zip(self.features, score.features, strict=True)
        ]
        first = min(at for at, _ in window).isoformat()
        return {"first_sample_at": first, "threshold": score.threshold, "features": features}


class Handler(BaseHTTPRequestHandler):
    """Answers for both."""

    server: SlotAndDetector

    def do_POST(self) -> None:
        """Take a row."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.rows.append((datetime.now(UTC), body["data"]))
        self.answer(self.server.status, {"output": 1.0})

    def do_GET(self) -> None:
        """Show the windows."""
        self.answer(200, self.server.results())

    def answer(self, status: int, content: Any) -> None:
        """Send JSON."""
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def stack() -> Iterator[SlotAndDetector]:
    """Run the slot and its detector."""
    server = SlotAndDetector()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def send(stack: SlotAndDetector, *arguments: str) -> int:
    """Run the command with 100 rows of each kind."""
    return main(["regressor", "--url", stack.url, "--detector", stack.url, "--count", "100", *arguments])


def test_the_shifted_feature_is_shown(stack: SlotAndDetector, capsys: pytest.CaptureFixture[str]) -> None:
    """Clean rows come first, then shifted ones; the table tells the features apart."""
    assert send(stack, "--shift", "x2=+1std") == 0
    lines = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}
    assert [lines[name][-1] for name in ("feature", "x1", "x2")] == ["drift", "no", "yes"]
    assert float(lines["x2"][0]) > 0.05 > float(lines["x2"][1])
    means = np.array([row for _, row in stack.rows]).reshape(2, 100, 2).mean(axis=1)
    assert means[1] - means[0] == pytest.approx([0, 12**-0.5], abs=0.15)


def test_a_shift_that_is_not_found_is_a_failure(stack: SlotAndDetector) -> None:
    """The exit code says so."""
    assert send(stack, "--shift", "x2=+0.001") == 1


def test_a_detector_of_another_model_is_said(
    stack: SlotAndDetector, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slot's detector with another reference ends in a sentence, before anything is shifted."""
    stack.features = ["a", "b"]
    assert send(stack, "--shift", "x2=+1std") == 1
    assert "does not watch the features of regressor" in capsys.readouterr().err
    assert len(stack.rows) == 100


def test_an_error_of_the_slot_is_shown(stack: SlotAndDetector, capsys: pytest.CaptureFixture[str]) -> None:
    """What the slot answered is there to be read."""
    stack.status = 415
    assert send(stack, "--shift", "x2=+1std") == 1
    assert "answered 415" in capsys.readouterr().err


def test_an_unknown_feature_is_refused_before_anything_is_sent(
    stack: SlotAndDetector, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slip in the command costs nothing."""
    with pytest.raises(SystemExit):
        send(stack, "--shift", "x3=+1std")
    assert "no feature x3, but x1, x2" in capsys.readouterr().err
    assert stack.rows == []
