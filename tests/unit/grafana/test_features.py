"""The numbers of the dashboard Features, worked out by Prometheus' own engine from series made up here."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.viewer.queries import PanelQuery, iter_queries

DASHBOARD = Path(__file__).parents[3] / "grafana/dashboards/features.json"
TENSOR, IMAGES = 'slot="model_server_new"', 'slot="model_server"'
DEAD = "cnn embedding 1"  # zero for every image of the reference
SERIES = {
    # two replicas: their means differ, what they know of the training is the same
    f'feature_mean{{{TENSOR},feature="age",instance="a"}}': 46,
    f'feature_mean{{{TENSOR},feature="age",instance="b"}}': 48,
    f'feature_variance{{{TENSOR},feature="age",instance="a"}}': 90,
    f'feature_variance{{{TENSOR},feature="age",instance="b"}}': 106,
    f'feature_training_mean{{{TENSOR},feature="age",instance="a"}}': 40,
    f'feature_training_mean{{{TENSOR},feature="age",instance="b"}}': 40,
    f'feature_training_variance{{{TENSOR},feature="age",instance="a"}}': 49,
    f'feature_training_variance{{{TENSOR},feature="age",instance="b"}}': 49,
    f'drift_feature_p_value{{{TENSOR},feature="age",instance="c"}}': 0.01,
    f'drift_feature_distance{{{TENSOR},feature="age",instance="c"}}': 0.3,
    f'drift_threshold{{{TENSOR},instance="c"}}': 0.2,
    f'drift_threshold{{{IMAGES},instance="d"}}': 0.004,
    f'feature_mean{{{IMAGES},feature="cnn embedding 0",instance="e"}}': -2,
    f'feature_variance{{{IMAGES},feature="cnn embedding 0",instance="e"}}': 2,
    f'feature_training_mean{{{IMAGES},feature="cnn embedding 0",instance="e"}}': 2,
    f'feature_training_variance{{{IMAGES},feature="cnn embedding 0",instance="e"}}': 4,
    f'feature_mean{{{IMAGES},feature="{DEAD}",instance="e"}}': 0.5,
    f'feature_variance{{{IMAGES},feature="{DEAD}",instance="e"}}': 0.1,
    f'feature_training_mean{{{IMAGES},feature="{DEAD}",instance="e"}}': 0,
    f'feature_training_variance{{{IMAGES},feature="{DEAD}",instance="e"}}': 0,
}
QUERIES = {(one.panel, "threshold" in one.legend): one for one in iter_queries(DASHBOARD)}
AGE = f'{{{TENSOR}, feature="age"}}'
OF_IMAGES = f'{{{IMAGES}, feature="cnn embedding 0"}}'
Z_SCORE = "z-score of the serving inputs against the training stream"
RULES = DASHBOARD.parents[2] / "prometheus/rules"


def answer_is(query: PanelQuery, expected: dict[str, float], folder: Path) -> None:
    """Have promtool compare the query's answer with the expected one."""
    samples = [{"labels": labels, "value": value} for labels, value in expected.items()]
    check = {"expr": query.expression, "eval_time": "1m", "exp_samples": samples}
    counted = {f'features_observed_total{{{TENSOR},instance="{one}"}}': "0+10x20" for one in "ab"}
    series = {name: f"{value}x20" for name, value in SERIES.items()} | counted
    test: dict[str, Any] = {
        "interval": "5s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [check],
    }
    path = folder / "test.yml"
    groups = ["drift"]
    path.write_text(
        yaml.safe_dump(
            {"rule_files": [str(RULES / "recordings.yml")], "group_eval_order": groups, "tests": [test]}
        )
    )
    done = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.parametrize(
    ("panel", "value"),
    [
        ("Distance now", 0.3),
        ("Distance of each feature", 0.3),
        ("p-value of each feature", 0.01),
    ],
)
def test_panel_shows_each_feature(panel: str, value: float, tmp_path: Path) -> None:
    """A feature is one line whatever the replicas, and only slots that have features have lines."""
    answer_is(QUERIES[panel, False], {AGE: value}, tmp_path)


@pytest.mark.parametrize(
    ("panel", "of_rows", "of_images"),
    [
        (Z_SCORE, 1, 2),  # (47 - 40) / 7, |-2 - 2| / 2
        ("Shift of each feature's mean", 1, -2),
        ("Variance ratio of each feature", 2, 0.5),  # 98 / 49, 2 / 4
    ],
)
def test_panel_shows_features_of_rows_and_of_images(
    panel: str, of_rows: float, of_images: float, tmp_path: Path
) -> None:
    """Those of images that never vary in training have no line: it would be at infinity."""
    name, more = ("slot_feature:z_score", ', against="package"}') if panel == Z_SCORE else ("", "}")
    answers = {f"{name}{AGE[:-1]}{more}": of_rows, f"{name}{OF_IMAGES[:-1]}{more}": of_images}
    answer_is(QUERIES[panel, False], answers, tmp_path)


def test_the_line_of_the_z_score_is_the_threshold_of_its_alert() -> None:
    """It is drawn at the very number that the rule compares with."""
    (panel,) = [one for one in json.loads(DASHBOARD.read_text())["panels"] if one["title"] == Z_SCORE]
    line = panel["fieldConfig"]["defaults"]["thresholds"]["steps"][-1]["value"]
    groups = yaml.safe_load((RULES / "alerts.yml").read_text())["groups"]
    named = {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}
    assert named["ServingInputsLeftTrainingData"] == f"slot:z_score:max > {line}"


def test_threshold_is_that_of_features_only(tmp_path: Path) -> None:
    """The threshold of a slot of images, in another measure, is not drawn among the distances of features."""
    answer_is(QUERIES["Distance of each feature", True], {f"{{{TENSOR}}}": 0.2}, tmp_path)


def test_inputs_of_all_replicas_add_up(tmp_path: Path) -> None:
    """The rate is that of the slot."""
    answer_is(QUERIES["Inputs", False], {f"{{{TENSOR}}}": 4}, tmp_path)


def test_every_query_is_checked() -> None:
    """No query of the dashboard is left out above."""
    checked = {"Distance now", "Distance of each feature", "p-value of each feature", "Inputs"}
    checked |= {Z_SCORE, "Shift of each feature's mean", "Variance ratio of each feature"}
    assert set(QUERIES) == {(panel, False) for panel in checked} | {("Distance of each feature", True)}
