"""Prometheus' configuration for plain processes: the same file, with fixed targets in place of DNS names."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from stack.paths import Paths


def render(text: str, source: Path, scraped: Mapping[str, Sequence[str]]) -> str:
    """Return the configuration with loopback targets and absolute rule files."""
    config: dict[str, Any] = yaml.safe_load(text)
    config["rule_files"] = [str(source / rule) for rule in config.get("rule_files", [])]
    alerting = config.get("alerting", {})
    alerting["alertmanagers"] = [_fix_targets(one, scraped) for one in alerting.get("alertmanagers", [])]
    config["alerting"] = alerting
    config["scrape_configs"] = [_fix_targets(job, scraped) for job in config["scrape_configs"]]
    return str(yaml.safe_dump(config, sort_keys=False))


def _fix_targets(job: dict[str, Any], scraped: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return a job whose relabelling still sees the service's name, as DNS discovery would give it.

    A name without an address has no target, as one that the DNS does not know.
    """
    named = [name for discovery in job.pop("dns_sd_configs", []) for name in discovery["names"]]
    found = [
        {"targets": list(scraped[name]), "labels": {"__meta_dns_name": name}}
        for name in named
        if scraped[name]
    ]
    written = [
        {**static, "targets": [one for target in static["targets"] for one in scraped.get(target, [target])]}
        for static in job.get("static_configs", [])
    ]
    return {**job, "static_configs": found + written}


def render_prometheus(paths: Paths, scraped: Mapping[str, Sequence[str]]) -> None:
    """Render prometheus/prometheus.yml into .local/run/prometheus.yml."""
    source = paths.project / "prometheus"
    paths.run.mkdir(parents=True, exist_ok=True)
    rendered = render((source / "prometheus.yml").read_text("utf-8"), source, scraped)
    (paths.run / "prometheus.yml").write_text(rendered, "utf-8")
