"""No panel says "No data": every query and every rule is asked of the stack's own Prometheus."""

import httpx
import pytest

from grafana.viewer.queries import PanelQuery, iter_queries
from tests.rules import rule_expressions
from tests.stack.client import PROMETHEUS, SLOTS, query, wait_for
from tests.stack.project import PROJECT
from tests.stack.running_stack import RunningStack

# Empty without their profiles, and where both slots serve images: tests/integration/test_jobs_metrics.py,
# test_training.py and test_tensor_model.py ask for them.
ELSEWHERE = {"jobs.json", "training.json"}
OF_ROWS = "drift_feature_"
DASHBOARDS = sorted(
    path for path in (PROJECT / "grafana/dashboards").glob("*.json") if path.name not in ELSEWHERE
)
EVERY_TARGET = {(job, slot) for job in ("model_server", "drift_detector_server") for slot in SLOTS} | {
    (job, "shared")
    for job in (
        "nginx_exporter",
        "nginx_log_exporter",
        "node_exporter",
        "release",
        "alertmanager",
        "prometheus",
    )
}
PANEL_QUERIES = [one for path in DASHBOARDS for one in iter_queries(path) if OF_ROWS not in one.expression]


def name_of(one: PanelQuery) -> str:
    return f"{one.dashboard}: {one.panel}: {one.legend}"


def test_every_target_is_up(stack: RunningStack) -> None:
    """Prometheus reaches all it is told to scrape, both slots and both detectors among them."""

    def all_up() -> bool:
        targets = httpx.get(f"{PROMETHEUS}/api/v1/targets").json()["data"]["activeTargets"]
        up = {(one["metric"]["job"], one["metric"]["slot"]) for one in query("up")}
        return up >= EVERY_TARGET and all(one["health"] == "up" for one in targets)

    wait_for("every target up", all_up, 60)


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize("panel_query", PANEL_QUERIES, ids=name_of)
def test_every_panels_query_has_an_answer(stack: RunningStack, panel_query: PanelQuery) -> None:
    """What Grafana would ask gives series."""
    wait_for(f"an answer to {panel_query.expression}", lambda: query(panel_query.expression), 60)


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize(
    ("name", "expression"),
    rule_expressions(),
    ids=lambda text: text[:50],
)
def test_every_rule_has_a_value(stack: RunningStack, name: str, expression: str) -> None:
    """What a rule looks at exists."""
    wait_for(f"an answer to {name}: {expression}", lambda: query(expression), 60)
