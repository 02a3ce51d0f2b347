"""What Prometheus shows of jobs: each panel, each rule, and the numbers that the job server answers with."""

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from grafana.viewer.queries import PanelQuery, iter_queries
from stack.plain.prometheus_config import render
from stack.published import JOBS
from tests.integration.conftest import MongodbServer
from tests.integration.jobs_program import JobsProgram, RabbitmqServer, csv_of
from tests.integration.server_program import ROOT
from tests.ports import free_port
from tests.rules import rule_expressions
from tests.tensor_model import write_regressor
from tests.waiting import until

GOOD = 40
PANEL_QUERIES = list(iter_queries(ROOT / "grafana/dashboards/jobs.json"))


class Prometheus:
    """A Prometheus with the project's configuration and rules, where only the profile's programs run."""

    def __init__(self, folder: Path, job_server: int, rabbitmq: int) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        scraped: defaultdict[str, list[str]] = defaultdict(list)
        programs = {"job_server": job_server, "rabbitmq": rabbitmq, "localhost:9090": port}
        scraped.update({name: [f"127.0.0.1:{number}"] for name, number in programs.items()})
        text = (ROOT / "prometheus/prometheus.yml").read_text()
        text = re.sub(r"(interval|timeout): \d+s", r"\1: 1s", text)
        (folder / "prometheus.yml").write_text(render(text, ROOT / "prometheus", scraped))
        command = ["prometheus", f"--config.file={folder / 'prometheus.yml'}"]
        command += [f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
        with (folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series that it answers with; none while it starts."""
        try:
            answer = httpx.get(f"{self.url}/api/v1/query", params={"query": expression}).json()
        except (httpx.TransportError, ValueError):
            return []
        assert answer["status"] == "success", answer
        return list(answer["data"]["result"])

    def knows(self, expression: str) -> bool:
        """Return whether there are any."""
        return bool(self.query(expression))

    def values(self, expression: str, label: str) -> dict[str, float]:
        """Return the values by a label."""
        return {one["metric"].get(label, ""): float(one["value"][1]) for one in self.query(expression)}

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def measured(
    broker: RabbitmqServer, shared_mongodb: MongodbServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JobsProgram]:
    """Run a job server with a worker that have answered nothing yet, with a queue of their own."""
    folder = tmp_path_factory.mktemp("measured")
    uri, package = shared_mongodb.uri("measured"), write_regressor(folder / "model")
    with JobsProgram(folder, uri, broker.uri, package, RABBITMQ_QUEUE="measured").running() as program:
        yield program


@pytest.fixture(scope="module")
def prometheus(
    measured: JobsProgram, broker: RabbitmqServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """Run Prometheus beside them."""
    folder = tmp_path_factory.mktemp("prometheus")
    prometheus = Prometheus(folder, measured.server.port, broker.metrics_port)
    yield prometheus
    prometheus.end()


@pytest.fixture(scope="module")
def job(measured: JobsProgram, prometheus: Prometheus) -> dict[str, Any]:
    """Have a job with one bad input answered, once Prometheus knows the zeros before it."""
    until("the first scrape", lambda: prometheus.knows("job_workers == 1"))
    body = csv_of([(1, 2)] * GOOD, ("x1", "x2")) + b"5,none\n"
    return measured.wait_for(measured.submit(body, "text/csv")["id"])


@pytest.mark.parametrize("panel_query", PANEL_QUERIES, ids=lambda one: f"{one.panel}: {one.legend}")
def test_every_panel_has_an_answer(
    job: dict[str, Any], prometheus: Prometheus, panel_query: PanelQuery
) -> None:
    """What Grafana would ask gives series."""
    until(f"an answer to {panel_query.expression}", partial(prometheus.knows, panel_query.expression), 30)


@pytest.mark.parametrize(("name", "expression"), rule_expressions(JOBS), ids=str)
def test_every_rule_has_a_value(
    job: dict[str, Any], prometheus: Prometheus, name: str, expression: str
) -> None:
    """What a rule looks at exists, and no alert fires."""
    until(f"an answer to {name}", partial(prometheus.knows, expression), 30)
    assert prometheus.query(f'ALERTS{{alertname="{name}"}}') == []


def test_the_numbers_are_the_servers(job: dict[str, Any], prometheus: Prometheus) -> None:
    """Inputs by what became of them, and nothing is left to be done."""
    assert (job["state"], job["done"], job["failed"]) == ("done", GOOD + 1, 1)
    expected = {"succeeded": GOOD, "failed": job["failed"], "cancelled": 0}
    until("the job's inputs", lambda: prometheus.values("job_inputs_total", "outcome") == expected, 30)
    assert prometheus.values("job_chunks", "state") == {"waiting": 0, "published": 0}
    assert prometheus.values("job_chunk_seconds_count", "slot") == {"jobs": 1}
    tile = next(one for one in PANEL_QUERIES if one.panel == "Workers now")
    assert [one["value"][1] for one in prometheus.query(tile.expression)] == ["1"]


def test_all_of_it_is_of_the_slot_jobs(job: dict[str, Any], prometheus: Prometheus) -> None:
    """So that one matcher chooses it."""
    until("both targets", lambda: len(prometheus.query('up{slot="jobs"} == 1')) == 2)
    assert prometheus.query('{job=~"job_server|rabbitmq",slot!="jobs"}') == []
