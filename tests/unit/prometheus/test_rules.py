"""What Prometheus is told: the scrape configuration, the rules, and the rules' own tests."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[3] / "prometheus"
RULE_TESTS = sorted((FOLDER / "rule_tests").glob("*.yml"))
ALERT = re.compile(r"^(?P<value>[a-z_]+:\w+(:\w+)?) (<|>|>=) (?P<threshold>[\d.]+)$")


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=60, check=False)


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def rules(kind: str) -> list[dict[str, Any]]:
    groups = [group for path in (FOLDER / "rules").glob("*.yml") for group in read(path)["groups"]]
    return [rule for group in groups for rule in group["rules"] if kind in rule]


def alert_cases(name: str) -> list[list[Any]]:
    cases = [case for path in RULE_TESTS for test in read(path)["tests"] for case in test["alert_rule_test"]]
    return [case["exp_alerts"] for case in cases if case["alertname"] == name]


def test_promtool_accepts_the_configuration() -> None:
    """The configuration and the rules it names have no error."""
    checked = promtool("check", "config", FOLDER / "prometheus.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_promtool_finds_nothing_to_say_about_the_rules() -> None:
    """The rules pass every lint, as failures."""
    paths = sorted((FOLDER / "rules").glob("*.yml"))
    checked = promtool("check", "rules", "--lint=all", "--lint-fatal", *paths)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.stem)
def test_rules_behave_as_their_tests_say(path: Path) -> None:
    """Each file of rule tests passes."""
    tested = promtool("test", "rules", path)
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("rule", rules("alert"), ids=lambda rule: rule["alert"])
def test_alert_is_seen_firing_and_at_rest(rule: dict[str, Any]) -> None:
    """Every alert has a case in which it fires and one in which it does not."""
    cases = alert_cases(rule["alert"])
    assert any(cases)
    assert not all(cases)


@pytest.mark.parametrize("rule", rules("alert"), ids=lambda rule: rule["alert"])
def test_alert_compares_a_recorded_value(rule: dict[str, Any]) -> None:
    """An alert is a recorded value and a threshold, so that its value can be plotted while all is well."""
    match = ALERT.match(rule["expr"])
    assert match, rule["expr"]
    assert match["value"] in {recording["record"] for recording in rules("record")}


@pytest.mark.parametrize("rule", rules("alert"), ids=lambda rule: rule["alert"])
def test_alert_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    """Every alert has a severity, a summary, and a description longer than it."""
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert len(rule["annotations"]["description"]) > len(rule["annotations"]["summary"]) > 0


def test_no_rule_names_a_bucket_by_a_whole_number() -> None:
    """Prometheus 3 writes le="1.0" where 2 writes le="1": a rule that names either misses the other."""
    assert not [rule for rule in rules("expr") if re.search(r'le=~?"\d+(\.0)?"', rule["expr"])]


def test_replicas_are_found_by_dns() -> None:
    """Every job but Prometheus' own asks the DNS, in one discovery a job."""
    jobs = {job["job_name"]: job for job in read(FOLDER / "prometheus.yml")["scrape_configs"]}
    names = {name: job["dns_sd_configs"][0]["names"] for name, job in jobs.items() if "dns_sd_configs" in job}
    assert names == {
        "model_server": ["model_server", "model_server_new"],
        "drift_detector_server": ["drift_detector_server", "drift_detector_server_new"],
        "node_exporter": ["node_exporter"],
        "nginx_exporter": ["nginx_exporter"],
        "nginx_log_exporter": ["nginx_log_exporter"],
        "release": ["release"],
        "alertmanager": ["alertmanager"],
        "job_server": ["job_server"],
        "rabbitmq": ["rabbitmq"],
        "stream_producer": ["stream_producer"],
        "stream_statistics": ["stream_statistics"],
        "stream_collector": ["stream_collector"],
        "retraining": ["retraining"],
    }


def test_our_programs_keep_the_slot_that_they_name() -> None:
    """The slot on our own metrics is not renamed to exported_slot."""
    jobs = {job["job_name"]: job for job in read(FOLDER / "prometheus.yml")["scrape_configs"]}
    ours = ("model_server", "drift_detector_server", "nginx_log_exporter", "release", "job_server")
    training = ("stream_producer", "stream_statistics", "stream_collector", "retraining")
    assert all(jobs[name]["honor_labels"] for name in (*ours, *training))
