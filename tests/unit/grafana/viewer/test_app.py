"""The viewer's pages and API, over a Prometheus that the test writes."""

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from grafana.viewer.app import create_app
from grafana.viewer.settings import ViewerSettings

PROJECT = Path(__file__).parents[4]
Handler = Callable[[httpx.Request], httpx.Response]


class FakePrometheus:
    """Answers every query with one series, or as it is told to; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.values: list[list[object]] = [[100, "1"], [105, "NaN"], [110, "3"]]
        self.fail: Handler | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        self.asked.append((request.url.path, form))
        if self.fail:
            return self.fail(request)
        instant = request.url.path.endswith("/query")
        values = {"value": self.values[-1]} if instant else {"values": self.values}
        result = [{"metric": {"slot": "model_server", "alertname": "A", "decision": "promote"}, **values}]
        return httpx.Response(200, json={"status": "success", "data": {"result": result}})


@pytest.fixture
def prometheus() -> FakePrometheus:
    return FakePrometheus()


@asynccontextmanager
async def open_viewer(
    prometheus: Handler, folder: Path = PROJECT / "grafana/dashboards"
) -> AsyncIterator[httpx.AsyncClient]:
    asking = httpx.AsyncClient(base_url="http://prometheus", transport=httpx.MockTransport(prometheus))
    app = create_app(ViewerSettings(dashboards=folder), asking)
    transport = httpx.ASGITransport(app)
    async with asking, httpx.AsyncClient(base_url="http://viewer", transport=transport) as client:
        yield client


async def panel(prometheus: Handler, query: str = "") -> httpx.Response:
    async with open_viewer(prometheus) as viewer:
        return await viewer.get(f"/api/dashboards/ab-comparison/panels/4?{query}")


@pytest.mark.parametrize(
    "path", ["/", "/d/model-monitoring", "/healthz", "/plotly.min.js", "/static/style.css"]
)
async def test_serves_its_pages(prometheus: FakePrometheus, path: str) -> None:
    """Pages, styles and the plotting library come from here, without asking Prometheus."""
    async with open_viewer(prometheus) as viewer:
        response = await viewer.get(path)
    assert response.status_code == 200
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert prometheus.asked == []


async def test_lists_the_dashboards(prometheus: FakePrometheus) -> None:
    """The list names every dashboard, monitoring first."""
    async with open_viewer(prometheus) as viewer:
        listed = (await viewer.get("/api/dashboards")).json()
    titles = ["Model monitoring", "A/B comparison", "Features", "Jobs", "Models", "Release", "Training"]
    assert [one["title"] for one in listed] == titles


async def test_panel_answers_named_series_without_nan(prometheus: FakePrometheus) -> None:
    """NaN, which JSON does not know, becomes a gap; the legend's label is filled in."""
    answer = (await panel(prometheus)).json()
    series = answer["targets"][0]["series"][0]
    assert series["name"] == "model_server"
    assert series["points"] == [[100, 1], [105, None], [110, 3]]


async def test_range_becomes_start_end_and_step(prometheus: FakePrometheus) -> None:
    """Times lie on multiples of the step, so that a refresh does not move the points."""
    await panel(prometheus, "range=7200")
    path, form = prometheus.asked[0]
    assert path == "/api/v1/query_range"
    assert form["step"] == "20"
    assert int(form["end"]) % 20 == 0
    assert int(form["end"]) - int(form["start"]) == 7200


async def test_chosen_slot_reaches_the_expression(prometheus: FakePrometheus) -> None:
    """The variable of the bar replaces $slot."""
    async with open_viewer(prometheus) as viewer:
        await viewer.get("/api/dashboards/model-monitoring/panels/4?var-slot=model_server_new")
    assert 'slot=~"model_server_new"' in prometheus.asked[0][1]["query"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("model-monitoring/panels/4?var-slot=x%22%7D+or+secret", 404),
        ("model-monitoring/panels/4?var-other=1", 404),
        ("model-monitoring/panels/4?range=1", 422),
        ("model-monitoring/panels/4?range=99999999", 422),
        ("model-monitoring/panels/999", 404),
        ("nonsense/panels/4", 404),
        ("..%2Fsecret/panels/4", 404),
    ],
)
async def test_what_no_dashboard_holds_is_not_asked(
    prometheus: FakePrometheus, path: str, status: int
) -> None:
    """Only the dashboards' own expressions, variables and values reach Prometheus."""
    async with open_viewer(prometheus) as viewer:
        response = await viewer.get(f"/api/dashboards/{path}")
    assert response.status_code == status
    assert prometheus.asked == []


async def test_prometheus_down_is_said_in_words(prometheus: FakePrometheus) -> None:
    """The page gets a sentence for the panel, not a broken answer."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    prometheus.fail = refuse
    response = await panel(prometheus)
    assert response.status_code == 200
    assert response.json()["targets"][0]["error"] == "Prometheus cannot be reached"


async def test_slow_prometheus_is_said_in_words(prometheus: FakePrometheus) -> None:
    """A query that takes too long ends, and says so."""

    def stall(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    prometheus.fail = stall
    assert "within 10 s" in (await panel(prometheus)).json()["targets"][0]["error"]


async def test_prometheus_own_error_is_passed_on(prometheus: FakePrometheus) -> None:
    """A rejected query shows Prometheus' reason."""
    prometheus.fail = lambda _: httpx.Response(
        400, json={"status": "error", "error": "bad_data: parse error"}
    )
    assert (await panel(prometheus)).json()["targets"][0]["error"] == "bad_data: parse error"


async def test_answer_that_is_no_json_is_said_in_words(prometheus: FakePrometheus) -> None:
    """Something else on Prometheus' port does not break the page."""
    prometheus.fail = lambda _: httpx.Response(502, text="<html>")
    error = (await panel(prometheus)).json()["targets"][0]["error"]
    assert error == "Prometheus answered 502 without JSON"


async def test_annotations_become_spans_of_time(prometheus: FakePrometheus) -> None:
    """Neighbouring points are one mark; a gap longer than a step begins another."""
    prometheus.values = [[100, "1"], [105, "1"], [200, "1"]]
    async with open_viewer(prometheus) as viewer:
        marks = (await viewer.get("/api/dashboards/ab-comparison/annotations?range=300")).json()
    drift = [mark for mark in marks if mark["name"] == "Drift"]
    assert [(mark["start"], mark["end"]) for mark in drift] == [(100, 105), (200, 200)]
    assert drift[0]["title"] == "Drift on model_server"


async def test_a_decision_is_marked_at_the_time_that_is_its_value(prometheus: FakePrometheus) -> None:
    """Once, however often it was scraped, and only where it lies in the shown time."""
    now = time.time()
    made = f"{1000 * (now - 100):.0f}"
    prometheus.values = [[now - 20, made], [now - 15, "NaN"], [now - 10, made]]
    async with open_viewer(prometheus) as viewer:
        marks = (await viewer.get("/api/dashboards/release/annotations?range=300")).json()
        later = (await viewer.get("/api/dashboards/release/annotations?range=60")).json()
    (decision,) = [mark for mark in marks if mark["name"] == "Decisions"]
    assert (decision["title"], decision["is_moment"]) == ("promote", True)
    assert decision["start"] == decision["end"] == pytest.approx(now - 100, abs=0.001)
    assert not [mark for mark in later if mark["name"] == "Decisions"]


async def test_edited_dashboard_counts_at_once(prometheus: FakePrometheus, tmp_path: Path) -> None:
    """A file that changes is read again; nothing has to be restarted."""
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"uid": "a", "title": "Before", "panels": []}))
    async with open_viewer(prometheus, tmp_path) as viewer:
        await viewer.get("/api/dashboards")
        file.write_text(json.dumps({"uid": "a", "title": "After", "panels": []}))
        listed = (await viewer.get("/api/dashboards")).json()
    assert listed[0]["title"] == "After"
