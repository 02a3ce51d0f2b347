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

from grafana.viewer.queries import iter_queries
from release.metrics import PHASES

PROJECT = Path(__file__).parents[3]
FILES = sorted((PROJECT / "grafana/dashboards").glob("*.json"))
UNITS = {"percentunit", "reqps", "cps", "s", "short", "locale", "bytes", "Bps", "none", "dateTimeAsIso"}
CONTRACT = {
    "http_requests_total",
    "http_request_duration_seconds",
    "http_requests_in_progress",
    "event_loop_lag_seconds",
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
    "inference_workers_lost_total",
    "inference_stalled_seconds",
    "feature_mean",
    "feature_variance",
    "feature_training_mean",
    "feature_training_variance",
    "features_observed_total",
    "notifications_pending",
    "notifications_sent_total",
    "notification_oldest_pending_seconds",
    "feedback_labels",
    "feedback_correct",
    "feedback_accuracy",
    "feedback_coverage_ratio",
    "feedback_delay_seconds",
    "trial_requests_total",
    "trial_request_duration_seconds",
    "model_version_info",
    "model_version_accuracy",
    "model_version_records",
    "model_version_created_timestamp_seconds",
    "release_weight",
    "release_phase",
    "release_info",
    "release_step",
    "release_steps",
    "release_looks",
    "release_held",
    "release_gate",
    "release_gate_number",
    "release_decision_timestamp_seconds",
    "release_ticks_total",
    "shadow_pairs_total",
    "shadow_disagreements_total",
    "shadow_probability_distance",
    "shadow_unpaired_total",
    "release_last_tick_timestamp_seconds",
    "job_inputs_total",
    "job_chunk_retries_total",
    "job_chunk_seconds",
    "job_chunks",
    "job_oldest_chunk_age_seconds",
    "job_workers",
    "job_dead_letters",
    "job_broker_up",
    "producer_records_total",
    "producer_failures_total",
    "producer_rate",
    "producer_drift",
    "stream_messages_total",
    "stream_records_observed_total",
    "stream_feature_mean",
    "stream_feature_variance",
    "statistics_lag_records",
    "statistics_connected",
    "collector_records_total",
    "collector_rejected_total",
    "collector_lag_records",
    "collector_connected",
    "retraining_runs_total",
    "retraining_running",
    "retraining_waiting_records",
    "retraining_last_began_timestamp_seconds",
    "retraining_step_seconds",
    "process_resident_memory_bytes",
}
PROMETHEUS_OWN = {"up", "ALERTS"}
EXPORTERS = ("node_", "nginx_", "alertmanager_", "rabbitmq_")


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


@each_panel("text", "timeseries", "stat", "gauge")
def test_bars_are_of_what_lives_now(panel: dict[str, Any]) -> None:
    """They ask for this instant: a removed model, version or slot has no bar from then on."""
    assert all(target["instant"] and not target.get("range") for target in panel["targets"])


@pytest.mark.parametrize("title", ["Newest p-value", "Drifted windows"])
def test_a_replaced_models_drift_has_no_tile(title: str) -> None:
    """A tile for each model that was served in the shown time would say two things of one slot."""
    targets = [target for _, panel in PANELS if panel["title"] == title for target in panel["targets"]]
    assert targets
    assert all(target["instant"] for target in targets)


def counted(model: str, version: str, label: str, values: str) -> dict[str, str]:
    labels = f'slot="model_server",instance="a",model="{model}",version="{version}",label="{label}"'
    return {"series": f"predictions_total{{{labels}}}", "values": values}


SERVED = [
    {
        "series": 'model_info{slot="model_server",instance="a",model="new",version="2",sha256="ab"}',
        "values": "1x40",
    },
    counted("old", "1", "pear", "900x40"),
    counted("new", "2", "apple", "0+1x40"),
    counted("new", "2", "lemon", "0+1x40"),
]


@pytest.mark.parametrize(
    ("file", "title", "expected"),
    [
        ("model-monitoring", "Prediction distribution", {"apple": 40, "lemon": 40}),
        ("ab-comparison", "Label distribution", {"apple": 0.5, "lemon": 0.5}),
    ],
)
def test_the_labels_are_those_of_the_served_model(
    file: str, title: str, expected: dict[str, float], tmp_path: Path
) -> None:
    """A server counts on what a replaced model said; its labels have no bar."""
    queries = iter_queries(PROJECT / f"grafana/dashboards/{file}.json")
    (expression,) = [one.expression for one in queries if one.panel == title]
    samples = [
        {"labels": f'{{slot="model_server",label="{one}"}}', "value": n} for one, n in expected.items()
    ]
    asked = {"expr": expression, "eval_time": "200s", "exp_samples": samples}
    test = {"interval": "5s", "input_series": SERVED, "promql_expr_test": [asked]}
    case = tmp_path / "case.yml"
    case.write_text(yaml.safe_dump({"evaluation_interval": "5s", "tests": [test]}))
    command = ["promtool", "test", "rules", str(case)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@each_panel("text", "table")
def test_legend_names_the_slot(panel: dict[str, Any]) -> None:
    """A series says which slot it is about; a tile of the alerts which alert.

    A release, a shadow and a version are about both, and jobs and training about none.
    """
    wanted = "{{alertname}}" if panel["title"] == "Alerts" else "{{slot}}"
    for target in panel["targets"]:
        of_no_slot = re.search(
            r"(?<![\w:])(release_(?!weight)|shadow_|model_version_)|slot=\"(jobs|training)\"", target["expr"]
        )
        assert target["legendFormat"] if of_no_slot else wanted in target["legendFormat"]


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
    """The tiles of the dashboards' first rows name every alert of the rules, each by the value behind it."""
    panels = [panel for _, panel in PANELS if panel["title"] == "Alerts"]
    asked = " ".join(panel["targets"][0]["expr"] for panel in panels)
    tiles = re.findall(r'count\(([\w:]+)\{.*?\}\), "alertname", "(\w+)"', asked)
    alerts = {rule["alert"]: rule["expr"].split()[0] for rule in RULES if "alert" in rule}
    assert {alert: value for value, alert in tiles} == alerts


@pytest.mark.parametrize(
    ("alert", "title"),
    [("JobBacklogTooOld", "Age of the oldest chunk"), ("CollectorLags", "Lag of the consumers")],
)
def test_the_line_of_the_alert_is_its_threshold(alert: str, title: str) -> None:
    """It is drawn at the very number that the rule compares with."""
    (rule,) = [rule["expr"] for rule in RULES if rule.get("alert") == alert]
    (panel,) = [panel for _, panel in PANELS if panel["title"] == title]
    assert panel["targets"][-1]["expr"].split()[0] == rule.split()[-1]


def test_the_refused_are_red_where_their_alert_fires() -> None:
    """The tile's last colour begins at the rule's number."""
    (rule,) = [rule["expr"] for rule in RULES if rule.get("alert") == "TooManyRejectedRecords"]
    (panel,) = [panel for _, panel in PANELS if panel["title"] == "Refused"]
    assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][-1]["value"] == float(rule.split()[-1])


@pytest.mark.filterwarnings("ignore:Prefer using dashboardv2")
def test_the_release_tile_has_a_word_for_every_phase() -> None:
    """In the order that its query counts them in."""
    from grafana.generator import release  # noqa: PLC0415 - warns when it is imported

    assert tuple(release.PHASES) == PHASES


def answers(
    title: str, series: dict[str, str], expected: dict[str, float], folder: Path, board: str = "release"
) -> None:
    """Let promtool ask a panel of a dashboard, over what the release program shows."""
    queries = iter_queries(PROJECT / f"grafana/dashboards/{board}.json")
    (expression,) = [one.expression for one in queries if one.panel == title]
    given = [{"series": name, "values": values} for name, values in series.items()]
    samples = [{"labels": labels, "value": value} for labels, value in expected.items()]
    asked = {"expr": expression, "eval_time": "1m", "exp_samples": samples}
    test = {"interval": "5s", "input_series": given, "promql_expr_test": [asked]}
    case = folder / "case.yml"
    case.write_text(yaml.safe_dump({"evaluation_interval": "5s", "tests": [test]}))
    command = ["promtool", "test", "rules", str(case)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


NO_RELEASE_SHOWN = {
    'release_phase{slot="shared",phase="none"}': "1x20",
    'release_phase{slot="shared",phase="running"}': "0x20",
    'release_held{slot="shared",by="nginx"}': "0x20",
}
RUNNING_SHOWN = {
    'release_phase{slot="shared",phase="none"}': "0x20",
    'release_phase{slot="shared",phase="running"}': "1x20",
    'release_held{slot="shared",by="nginx"}': "0x20",
    'release_info{slot="shared",release="r",plan="p",stable="cnn 1",candidate="cnn 2"}': "1x20",
    'release_gate{slot="shared",gate="drift"}': "-1x20",
    'release_gate_number{slot="shared",gate="drift",number="evidence"}': "50x20",
    'release_gate_number{slot="shared",gate="drift",number="threshold"}': "100x20",
    'release_decision_timestamp_seconds{slot="shared",release="r",revision="3",decision="hold"}': "2x20",
}
HELD_SHOWN = RUNNING_SHOWN | {'release_held{slot="shared",by="nginx"}': "1x20"}


@pytest.mark.parametrize(
    ("shown", "title", "expected"),
    [
        (NO_RELEASE_SHOWN, "Phase", {'{slot="shared",candidate="no candidate"}': 1}),
        (RUNNING_SHOWN, "Phase", {'{slot="shared",candidate="cnn 2"}': 2}),
        (NO_RELEASE_SHOWN, "Held", {'{by="no release is under way"}': 2}),
        (RUNNING_SHOWN, "Held", {'{by="by nothing"}': 0}),
        (HELD_SHOWN, "Held", {'{by="nginx"}': 1}),
        (NO_RELEASE_SHOWN, "Newest release", {'{release="no release yet"}': 0}),
        (RUNNING_SHOWN, "Newest release", {'{release="r",plan="p",stable="cnn 1",candidate="cnn 2"}': 1}),
        (NO_RELEASE_SHOWN, "Verdicts", {'{gate="nothing judged yet"}': 2}),
        (RUNNING_SHOWN, "Verdicts", {'{gate="drift"}': -1}),
        (NO_RELEASE_SHOWN, "Evidence against the candidate", {'{gate="nothing judged yet"}': 0}),
        (RUNNING_SHOWN, "Evidence against the candidate", {'{gate="drift"}': 0.5}),
        (NO_RELEASE_SHOWN, "Newest decisions", {'{decision="no release yet"}': 0}),
        (RUNNING_SHOWN, "Newest decisions", {'{release="r",revision="3",decision="hold"}': 2000}),
        ({}, "Newest decisions", {}),
    ],
)
def test_a_panel_says_where_there_is_no_release(
    shown: dict[str, str], title: str, expected: dict[str, float], tmp_path: Path
) -> None:
    """In words, in the place of what it shows else; nothing is said where the program does not answer."""
    answers(title, shown, expected, tmp_path)


NO_RUN_SHOWN = {'retraining_running{slot="training"}': "0x20"}
RUN_SHOWN = NO_RUN_SHOWN | {
    'retraining_last_began_timestamp_seconds{slot="training"}': "20x20",
    'retraining_step_seconds{slot="training",step="train"}': "4x20",
}


@pytest.mark.parametrize(
    ("shown", "title", "expected"),
    [
        (NO_RUN_SHOWN, "Steps of the newest run", {'{step="no run yet"}': 0}),
        (NO_RUN_SHOWN, "Newest run", {'{run="no run yet"}': 0}),
        (RUN_SHOWN, "Steps of the newest run", {'{step="train"}': 4}),
        (RUN_SHOWN, "Newest run", {'{slot="training",run="ago"}': 40}),
        ({}, "Newest run", {}),
    ],
)
def test_a_panel_says_where_there_has_been_no_run(
    shown: dict[str, str], title: str, expected: dict[str, float], tmp_path: Path
) -> None:
    """In words; nothing is said where the retraining does not answer."""
    answers(title, shown, expected, tmp_path, "training")


def of_version(metric: str, number: int, labels: str = "") -> str:
    sha256 = f"{number:064x}"
    return f'{metric}{{slot="shared",model="cnn",version="{number}",sha256="{sha256}"{labels}}}'


NO_LINEAGE_SHOWN = {
    'release_phase{slot="shared",phase="none"}': "1x20",
    of_version("model_version_info", 1, ',where="production"'): "1x20",
    of_version("model_version_info", 2, ',where="candidate"'): "1x20",
}
LINEAGE_SHOWN = NO_LINEAGE_SHOWN | {
    of_version("model_version_info", 3, ',where="archive"'): "1x20",
    **{of_version("model_version_accuracy", number, ',set="golden"'): f"0.{number}x20" for number in (2, 3)},
    of_version("model_version_records", 2, ',dataset="d7"'): "70x20",
    of_version("model_version_created_timestamp_seconds", 2): "9x20",
}


@pytest.mark.parametrize(
    ("shown", "title", "expected"),
    [
        (NO_LINEAGE_SHOWN, "Versions by place", {'{where="production"}': 1, '{where="candidate"}': 1}),
        (NO_LINEAGE_SHOWN, "Accuracy of each version", {'{model="no version says it"}': 0}),
        (NO_LINEAGE_SHOWN, "Accuracy in the slots", {'{where="no version says it"}': 0}),
        (NO_LINEAGE_SHOWN, "Dataset of each version", {'{model="no version says it"}': 0}),
        (NO_LINEAGE_SHOWN, "When each version was made", {'{model="no version says it"}': 0}),
        (
            LINEAGE_SHOWN,
            "Accuracy of each version",
            {f'{{model="cnn",version="{number}",set="golden"}}': number / 10 for number in (2, 3)},
        ),
        (LINEAGE_SHOWN, "Accuracy in the slots", {'{where="candidate",set="golden"}': 0.2}),
        (LINEAGE_SHOWN, "Dataset of each version", {'{model="cnn",version="2",dataset="d7"}': 70}),
        (LINEAGE_SHOWN, "When each version was made", {'{model="cnn",version="2"}': 9000}),
    ],
)
def test_a_panel_says_where_no_version_has_a_lineage(
    shown: dict[str, str], title: str, expected: dict[str, float], tmp_path: Path
) -> None:
    """In words, in the place of the figures that such a version has; the served ones are always there."""
    answers(title, shown, expected, tmp_path, "models")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_decisions_are_marked_on_every_dashboard(path: Path) -> None:
    """By default, and each at the time that is its value."""
    marks = {one["name"]: one for one in read(path)["annotations"]["list"]}
    assert marks["Decisions"]["enable"]
    assert marks["Decisions"]["useValueForTime"]
    assert marks["Decisions"]["titleFormat"] == "{{decision}}"


def test_the_dashboards_exist_under_addresses_that_stay() -> None:
    """Links to the dashboards survive a new generation."""
    assert [(read(path)["uid"], read(path)["title"]) for path in FILES] == [
        ("ab-comparison", "A/B comparison"),
        ("features", "Features"),
        ("jobs", "Jobs"),
        ("model-monitoring", "Model monitoring"),
        ("models", "Models"),
        ("release", "Release"),
        ("training", "Training"),
    ]


def test_grafana_serves_the_files_as_they_are() -> None:
    """Neither datasource nor dashboards can be changed behind the files' back."""
    provisioning = PROJECT / "grafana/provisioning"
    datasource = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"][0]
    provider = yaml.safe_load((provisioning / "dashboards/dashboards.yml").read_text())["providers"][0]
    assert datasource["editable"] is False
    assert provider["allowUiUpdates"] is False
