"""Prometheus' file, rendered for the loopback."""

import re
from pathlib import Path

import yaml

from stack.plain.prometheus_config import render

PROMETHEUS = Path(__file__).parents[3] / "prometheus"
SCRAPED = {
    "model_server": ["127.0.0.1:18000", "127.0.0.1:18002"],
    "model_server_new": ["127.0.0.1:18001"],
    "drift_detector_server": ["127.0.0.1:8009"],
    "drift_detector_server_new": ["127.0.0.1:8010"],
    "node_exporter": ["127.0.0.1:19100"],
    "nginx_exporter": ["127.0.0.1:19113"],
    "nginx_log_exporter": ["127.0.0.1:19114"],
    "release": ["127.0.0.1:19090"],
    "alertmanager": ["127.0.0.1:9094"],
    "localhost:9090": ["127.0.0.1:9091"],
    "job_server": ["127.0.0.1:5100"],
    "rabbitmq": ["127.0.0.1:18692"],
    "stream_producer": ["127.0.0.1:5300"],
    "stream_statistics": ["127.0.0.1:18993"],
    "stream_collector": ["127.0.0.1:18994"],
    "retraining": ["127.0.0.1:5400"],
}
OF_PROFILES = [
    *("job_server", "rabbitmq"),
    *("stream_producer", "stream_statistics", "stream_collector", "retraining"),
]


def test_names_found_by_dns_become_targets_that_keep_the_name() -> None:
    """Relabelling sees the same `__meta_dns_name` as with DNS discovery, for each replica."""
    text = "scrape_configs: [{job_name: a, dns_sd_configs: [{names: [model_server], type: A, port: 8000}]}]"
    job = yaml.safe_load(render(text, PROMETHEUS, SCRAPED))["scrape_configs"][0]
    labels = {"__meta_dns_name": "model_server"}
    targets = ["127.0.0.1:18000", "127.0.0.1:18002"]
    assert job == {"job_name": "a", "static_configs": [{"targets": targets, "labels": labels}]}


def test_the_shipped_file_scrapes_every_program_here() -> None:
    """Every target of the shipped file has an address of this machine."""
    config = yaml.safe_load(render((PROMETHEUS / "prometheus.yml").read_text(), PROMETHEUS, SCRAPED))
    targets = {
        target
        for job in config["scrape_configs"]
        for static in job["static_configs"]
        for target in static["targets"]
    }
    assert targets == {address for addresses in SCRAPED.values() for address in addresses}


def test_what_is_off_is_no_target() -> None:
    """So nothing is down that nobody started, and no alert says so."""
    scraped = {**SCRAPED, **{name: [] for name in OF_PROFILES}}
    config = yaml.safe_load(render((PROMETHEUS / "prometheus.yml").read_text(), PROMETHEUS, scraped))
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    assert [name for name, job in jobs.items() if not job["static_configs"]] == OF_PROFILES
    recordings = yaml.safe_load((PROMETHEUS / "rules/recordings.yml").read_text())
    (rule,) = [
        rule
        for group in recordings["groups"]
        for rule in group["rules"]
        if rule["record"] == "job_slot:up:min"
    ]
    missed = set(re.findall(r'absent\(up\{job="(\w+)"', rule["expr"]))
    assert missed == jobs.keys() - {*OF_PROFILES, "prometheus"}


def test_rules_are_read_where_they_are() -> None:
    """The rule files are the project's own, not copies."""
    config = yaml.safe_load(render("{rule_files: [rules/*.yml], scrape_configs: []}", PROMETHEUS, SCRAPED))
    assert config["rule_files"] == [str(PROMETHEUS / "rules" / "*.yml")]


def test_alerts_go_to_the_alertmanager_of_this_machine() -> None:
    """The shipped file names Compose's; here it is the one on the loopback."""
    config = yaml.safe_load(render((PROMETHEUS / "prometheus.yml").read_text(), PROMETHEUS, SCRAPED))
    (alertmanager,) = config["alerting"]["alertmanagers"]
    assert [one["targets"] for one in alertmanager["static_configs"]] == [["127.0.0.1:9094"]]
    assert "dns_sd_configs" not in alertmanager
