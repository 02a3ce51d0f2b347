"""The dashboards' files: in step with the code that writes them, and complete as a reader needs them."""

import json
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder

PROJECT = Path(__file__).parents[3]
FILES = sorted((PROJECT / "grafana/dashboards").glob("*.json"))
UNITS = {"percentunit", "reqps", "cps", "s", "short", "locale", "bytes", "Bps", "none"}
CONTRACT = {
    "http_requests_total",
    "http_request_duration_seconds",
    "http_requests_in_progress",
    "predictions_total",
    "prediction_confidence",
    "inference_duration_seconds",
    "samples_written_total",
    "samples_dropped_total",
    "model_info",
    "drift_p_value",
    "drift_distance",
    "drift_threshold",
    "drift_windows_total",
    "drift_windows_recent",
    "drift_detected",
    "drift_samples_dropped_total",
    "drift_last_scored_timestamp_seconds",
    "drift_backlog_samples",
    "drift_feature_p_value",
    "drift_feature_distance",
    "inference_batch_size",
    "inference_queue_seconds",
    "inference_queue_depth",
    "inference_mode_info",
    "model_reloads_total",
    "feature_mean",
    "feature_variance",
    "feature_training_mean",
    "feature_training_variance",
    "features_observed_total",
}
PROMETHEUS_OWN = {"up", "ALERTS"}
EXPORTERS = ("node_", "nginx_")


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def rule_groups() -> list[dict[str, Any]]:
    files = sorted((PROJECT / "prometheus/rules").glob("*.yml"))
    return [group for path in files for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]]


PANELS = [(path.stem, panel) for path in FILES for panel in read(path)["panels"] if panel["type"] != "row"]
RULES = [rule for group in rule_groups() for rule in group["rules"]]


def each_panel(*but_not: str) -> pytest.MarkDecorator:
    """Run a test for every panel, but not for those kinds."""
    chosen = [
        pytest.param(panel, id=f"{file}-{panel['title']}")
        for file, panel in PANELS
        if panel["type"] not in but_not
    ]
    return pytest.mark.parametrize("panel", chosen)


def metric_names(expression: str) -> set[str]:
    """Find what an expression reads: names that are neither label, function nor keyword."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]", "", bare)
    bare = re.sub(r"\b(by|on|ignoring|group_left|group_right|without)\s*\([^)]*\)", "", bare)
    names = re.findall(r"\b[A-Za-z_][\w:]*\b(?!\s*\()", bare)
    keywords = {"or", "and", "unless", "by", "on", "offset", "bool", "sum", "max", "min", "avg", "count"}
    return set(names) - keywords


def test_files_are_what_the_code_writes(tmp_path: Path) -> None:
    """Running the generator changes nothing."""
    subprocess.run([sys.executable, "-m", "grafana.generator", tmp_path], cwd=PROJECT, check=True, timeout=60)
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_text(encoding="utf-8") for path in FILES}


@pytest.mark.filterwarnings("ignore:Prefer using dashboardv2")  # this board draws the first format
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_grafanas_own_model_knows_every_key(path: Path) -> None:
    """What Grafana's schema does not know would be lost on the way through it; nothing is."""
    from grafana_foundation_sdk.models.dashboard import Dashboard  # noqa: PLC0415 - warns when it is imported

    document = read(path)
    assert json.loads(json.dumps(Dashboard.from_json(document), cls=JSONEncoder)) == document


@each_panel()
def test_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    """A panel has a title and a description that says more than the title."""
    assert panel["title"]
    assert len(panel["description"]) > len(panel["title"])


@each_panel("text")
def test_panel_has_a_unit(panel: dict[str, Any]) -> None:
    """Numbers come with the unit they are in."""
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS


@each_panel()
def test_panel_asks_the_provisioned_datasource(panel: dict[str, Any]) -> None:
    """Panels and queries name the datasource whose uid the provisioning fixes."""
    provisioned = yaml.safe_load((PROJECT / "grafana/provisioning/datasources/prometheus.yml").read_text())
    uid = provisioned["datasources"][0]["uid"]
    assert {one["datasource"]["uid"] for one in [panel, *panel.get("targets", [])]} == {uid}


@each_panel()
def test_panel_reads_only_metrics_that_exist(panel: dict[str, Any]) -> None:
    """Every name is in the contract, recorded by a rule, or an exporter's."""
    recorded = {rule.get("record") for rule in RULES}
    for target in panel.get("targets", []):
        for name in metric_names(target["expr"]):
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            known = {name, base} & (CONTRACT | PROMETHEUS_OWN | recorded)
            assert known or name.startswith(EXPORTERS), f"{name} in {target['expr']}"


@each_panel()
def test_rates_look_back_as_far_as_the_panel_needs(panel: dict[str, Any]) -> None:
    """No range is written by hand: a zoomed-out panel would skip what lies between its points."""
    for target in panel.get("targets", []):
        assert set(re.findall(r"\[([^]]*)\]", target["expr"])) <= {"$__rate_interval", "$__range"}


@each_panel("text", "table")
def test_legend_names_the_slot(panel: dict[str, Any]) -> None:
    """A series says which slot it is about; a tile of the alerts says which alert."""
    wanted = "{{alertname}}" if panel["title"] == "Alerts" else "{{slot}}"
    assert all(wanted in target["legendFormat"] for target in panel["targets"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_panels_do_not_overlap(path: Path) -> None:
    """Every panel has its own place within the 24 columns, and its own id."""
    panels = read(path)["panels"]
    places = [panel["gridPos"] for panel in panels]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert len({panel["id"] for panel in panels}) == len(panels)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


def test_tiles_show_the_alerts_that_exist() -> None:
    """The tiles of the first row name every alert of the rules, each by the value behind it."""
    panel = next(panel for _, panel in PANELS if panel["title"] == "Alerts")
    tiles = re.findall(r'count\(([\w:]+)\{.*?\}\), "alertname", "(\w+)"', panel["targets"][0]["expr"])
    alerts = {rule["alert"]: rule["expr"].split()[0] for rule in RULES if "alert" in rule}
    assert {alert: value for value, alert in tiles} == alerts


def test_the_dashboards_exist_under_addresses_that_stay() -> None:
    """Links to the dashboards survive a new generation."""
    assert [(read(path)["uid"], read(path)["title"]) for path in FILES] == [
        ("ab-comparison", "A/B comparison"),
        ("features", "Features"),
        ("model-monitoring", "Model monitoring"),
    ]


def test_grafana_serves_the_files_as_they_are() -> None:
    """Neither datasource nor dashboards can be changed behind the files' back."""
    provisioning = PROJECT / "grafana/provisioning"
    datasource = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"][0]
    provider = yaml.safe_load((provisioning / "dashboards/dashboards.yml").read_text())["providers"][0]
    assert datasource["editable"] is False
    assert provider["allowUiUpdates"] is False
