"""The retraining program as a process of its own, with data to renew a model of loans, and who it asks."""

import csv
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from examples.tabular.data import Data, Subset, draw
from inference.manifest import read_manifest
from retraining.gate.thresholds import GATE_FILE
from tests.integration.repository_kills import DVC
from tests.integration.server_program import ServerProgram
from training_data.intake import Intake
from training_data.reading import digest_of_row
from training_data.record import Record
from training_data.task import Task

TOKEN = "a" * 32
GOLDEN_ROWS = 600
# Loans that are alike end differently: a sixth of the labels contradict any model.
EASIER = {"floor = 0.85": "floor = 0.7", "limit = 0.15 ": "limit = 0.3 "}
TRAINING = 'start = "production"\nepochs = 20\nbatch_size = 256\nlearning_rate = 0.004\nweight_decay = 0.0\n'


class FakeRelease:
    """Stands for the release program: it promotes what it is given, and keeps what it was told."""

    def __init__(self) -> None:
        self.started: list[dict[str, Any]] = []
        self.told: list[dict[str, Any]] = []
        self.phase = "promoted"

    def newest(self) -> dict[str, Any]:
        """Return the release that was started last."""
        if not self.started:
            return {"release": None, "decision": None, "seen": None}
        order = self.started[-1]
        release = {
            "_id": f"r{len(self.started)}",
            "phase": self.phase,
            "percent": 50,
            "reason": f"canary; {order['why']}",
            "candidate": {"sha256": order["package"]},
        }
        return {
            "release": release,
            "decision": {"decision": "promote", "why": "no gate failed"},
            "seen": None,
        }

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Return the status and the answer to a request."""
        if (method, path) == ("GET", "/release"):
            return 200, self.newest()
        if (method, path) == ("POST", "/release"):
            self.started.append(json.loads(body))
            return 201, self.newest()
        if (method, path) == ("POST", "/messages"):
            message = json.loads(body)
            if message["key"] not in [one["key"] for one in self.told]:
                self.told.append(message)
            return 200, {"messages": 1}
        return 404, {"detail": path}


@contextmanager
def served(release: FakeRelease) -> Iterator[str]:
    """Answer for it on a port of this machine, and give the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            authorized = self.command == "GET" or self.headers["authorization"] == f"Bearer {TOKEN}"
            status, answer = release.answer(self.command, self.path, body) if authorized else (401, {})
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def write_table(path: Path, data: Data, package: Path) -> Path:
    """Write rows with their labels as a CSV file."""
    manifest = read_manifest(package)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*manifest.tensor_input.features, "label"])
        for row, target in zip(data.rows.tolist(), data.targets.tolist(), strict=True):
            writer.writerow([*row, manifest.classes[target]])
    return path


def collect(folder: Path, package: Path, count: int, *, flipped: float = 0) -> None:
    """Put new rows into the intake, as the collector does; a share of the labels is wrong."""
    task = Task.of(read_manifest(package))
    intake = Intake(folder, task)
    intake.prepare()
    data = draw("loans", Subset.TRAFFIC, count)
    wrong = np.random.default_rng(1).random(count) < flipped
    records = []
    for number, (row, target) in enumerate(zip(data.rows.tolist(), data.targets.tolist(), strict=True)):
        label = task.classes[1 - target if wrong[number] else target]
        values = tuple(row)
        records.append(
            Record(
                f"new-{number}",
                label,
                datetime.now(UTC),
                digest_of_row(values),
                "training-data/t/0",
                number,
                values=values,
            )
        )
    with intake.locked():
        intake.note(intake.store(records), records, {"training-data/t/0": count}, {})


def program(folder: Path, package: Path, release_url: str, **settings: object) -> ServerProgram:
    """Return the program, with examples to begin with; it is not started."""
    gate = GATE_FILE.read_text("utf-8")
    for shipped, easier in EASIER.items():
        assert gate.count(shipped) == 1
        gate = gate.replace(shipped, easier)
    (folder / "gate.toml").write_text(gate, "utf-8")
    (folder / "training.toml").write_text(TRAINING, "utf-8")
    usual = {
        "MODEL_PACKAGE": package,
        "TRAINING_DATA": folder / "data",
        "MODELS": folder / "models",
        "GATE": folder / "gate.toml",
        "TRAINING": folder / "training.toml",
        "DVC": DVC,
        "RELEASE_URL": release_url,
        "RELEASE_TOKEN": TOKEN,
        "GOLDEN_EXAMPLES": write_table(
            folder / "golden.csv", draw("loans", Subset.TEST, GOLDEN_ROWS), package
        ),
        "TRAINED_EXAMPLES": write_table(folder / "trained.csv", draw("loans", Subset.TRAIN, 1500), package),
        "COLLECT_RECORDS": 1000,
        "LEAST_RECORDS": 200,
        "LOOK_SECONDS": 0.2,
    }
    return ServerProgram("retraining", folder / "retraining.log", {**usual, **settings})
