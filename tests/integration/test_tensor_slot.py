"""A slot that serves rows of numbers, from the request to the panels, with a database and Prometheus."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from examples.tabular.build import build
from grafana.viewer.queries import PanelQuery, iter_queries
from tests.integration.conftest import MongodbServer
from tests.integration.detector_program import DetectorProgram
from tests.integration.server_program import ROOT
from tests.ports import free_port
from tests.waiting import until

SLOT = "model_server_new"
DETECTOR_PYTHON = os.environ.get(
    "DETECTOR_PYTHON", str(ROOT / ".local/environments/drift_detector_server/bin/python")
)
PROMETHEUS_YML = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: model_server
    honor_labels: true
    static_configs: [{{targets: ["127.0.0.1:{server}"], labels: {{slot: {slot}}}}}]
  - job_name: drift_detector_server
    honor_labels: true
    static_configs: [{{targets: ["127.0.0.1:{detector}"], labels: {{slot: {slot}}}}}]
"""
QUERIES = list(iter_queries(ROOT / "grafana/dashboards/features.json"))


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


class Stack:
    """One slot that serves an example, its detector, and a Prometheus that scrapes both."""

    def __init__(self, folder: Path, mongodb_uri: str) -> None:
        build("loans", folder)
        ports = [free_port() for _ in range(3)]
        self.url, self.prometheus = (f"http://127.0.0.1:{port}" for port in ports[:2])
        common = {"SLOT": SLOT, "MONGODB_URI": mongodb_uri, "MODEL_PACKAGE": folder / "model"}
        detector = {"ARTIFACTS": folder / "kept", "SCORE_INTERVAL_SECONDS": 0.2, **common}
        self.detector = DetectorProgram(folder / "detector.log", detector, DETECTOR_PYTHON)
        server = {"HOST": "127.0.0.1", "PORT": ports[0], "INTERNAL_PORT": ports[2], "CPU_THREADS": 1}
        environment = server | common
        self.log = folder / "programs.log"
        configuration = PROMETHEUS_YML.format(
            server=ports[0],
            detector=self.detector.port,
            slot=SLOT,
            rules=ROOT / "prometheus/rules/recordings.yml",
        )
        (folder / "prometheus.yml").write_text(configuration)
        data = f"--storage.tsdb.path={folder / 'data'}"
        listen = f"--web.listen-address=127.0.0.1:{ports[1]}"
        prometheus = ["prometheus", f"--config.file={folder / 'prometheus.yml'}", data, listen]
        with self.log.open("wb") as log:
            variables = os.environ | {name: str(value) for name, value in environment.items()}
            programs = ([sys.executable, "-m", "model_server"], prometheus)
            self.programs = [
                subprocess.Popen(program, cwd=ROOT, env=variables, stdout=log, stderr=log)
                for program in programs
            ]
        self.detector.start()

    def wait_until_ready(self) -> None:
        """Wait for all three."""
        self.detector.wait_until_ready()
        for url in (f"{self.url}/readyz", f"{self.prometheus}/-/ready"):
            until(url, partial(answers, url))

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series that Prometheus answers with."""
        answer = httpx.get(f"{self.prometheus}/api/v1/query", params={"query": expression}).json()
        return list(answer["data"]["result"])

    def stop(self) -> None:
        """End the programs."""
        self.detector.kill()
        for program in self.programs:
            program.kill()
            program.wait()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, shared_mongodb: MongodbServer) -> Iterator[Stack]:
    """Run the slot."""
    stack = Stack(tmp_path_factory.mktemp("stack"), shared_mongodb.uri("tensor_slot"))
    try:
        stack.wait_until_ready()
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def table(stack: Stack) -> dict[str, list[str]]:
    """Send clean rows, then rows with two features shifted, as a user would; return the table's lines."""
    command = ["loans", "--url", stack.url, "--detector", f"http://127.0.0.1:{stack.detector.port}"]
    command += ["--shift", "age=+1std", "--shift", "savings=*0.3", "--count", "200"]
    module = [sys.executable, "-m", "examples.tabular.drift"]
    done = subprocess.run([*module, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr + stack.log.read_text()
    lines = [line.split() for line in done.stdout.splitlines()]
    return {line[0]: line[1:] for line in lines}


def test_the_shifted_features_are_named(table: dict[str, list[str]]) -> None:
    """From the JSON request to the result: what was shifted drifts, the rest does not."""
    drifted = {name for name, values in table.items() if values[-1] == "yes"}
    assert drifted == {"age", "savings"}
    assert len(table) == 9


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("query", QUERIES, ids=lambda query: f"{query.panel}: {query.legend}")
def test_every_panel_of_the_features_dashboard_has_an_answer(stack: Stack, query: PanelQuery) -> None:
    """No panel says "No data" where a tensor model is served."""
    until(query.expression, lambda: bool(stack.query(query.expression)), 30)


@pytest.mark.usefixtures("table")
def test_the_score_of_a_shifted_mean_is_seen(stack: Stack) -> None:
    """Half of the recent rows are one standard deviation older than in the training: the z-score says so."""
    [query] = [one for one in QUERIES if one.panel.startswith("z-score")]

    def score() -> float:
        found = {one["metric"]["feature"]: one["value"][1] for one in stack.query(query.expression)}
        return float(found["age"])

    until("a z-score of a half", lambda: 0.3 < score() < 0.7, 30)
