"""No panel says "No data": every query and every rule is asked of the stack's own Prometheus."""

import re
from pathlib import Path

import httpx
import pytest
import yaml

from grafana.viewer.queries import PanelQuery, iter_queries
from tests.stack.client import PROMETHEUS, SLOTS, query, wait_for
from tests.stack.project import PROJECT
from tests.stack.running_stack import RunningStack

OF_TENSOR_MODELS = "features.json"  # empty where both slots serve images; test_tensor_model.py asks for it
DASHBOARDS = sorted(
    path for path in (PROJECT / "grafana/dashboards").glob("*.json") if path.name != OF_TENSOR_MODELS
)
RULES = sorted((PROJECT / "prometheus/rules").glob("*.yml"))
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
COMPARISON = re.compile(r"\s*[<>]=?\s*")
PANEL_QUERIES = [one for path in DASHBOARDS for one in iter_queries(path)]


def rule_expressions(path: Path) -> list[tuple[str, str]]:
    """Return (name, expression); of an alert the side that has a value when all is well."""
    rules = [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]
    recorded = [(rule["record"], rule["expr"]) for rule in rules if "record" in rule]
    alerts = [(rule["alert"], COMPARISON.split(rule["expr"])[0]) for rule in rules if "alert" in rule]
    return recorded + alerts


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
    [one for path in RULES for one in rule_expressions(path)],
    ids=lambda text: text[:50],
)
def test_every_rule_has_a_value(stack: RunningStack, name: str, expression: str) -> None:
    """What a rule looks at exists."""
    wait_for(f"an answer to {name}: {expression}", lambda: query(expression), 60)
