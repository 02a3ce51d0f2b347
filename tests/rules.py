"""Prometheus' rules, as tests ask for them."""

import re
from pathlib import Path

import yaml

RULES = sorted((Path(__file__).parents[1] / "prometheus/rules").glob("*.yml"))
COMPARISON = re.compile(r"\s*[<>]=?\s*")


def rule_expressions(*, of_jobs: bool) -> list[tuple[str, str]]:
    """Return (name, expression) of the rules of jobs, or of the others; of an alert its recorded value."""
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    jobs = {rule["record"] for group in groups if group["name"] == "jobs" for rule in group["rules"]}
    rules = [rule for group in groups for rule in group["rules"]]
    recorded = [(rule["record"], rule["expr"]) for rule in rules if "record" in rule]
    alerts = [(rule["alert"], COMPARISON.split(rule["expr"])[0]) for rule in rules if "alert" in rule]
    return [one for one in recorded + alerts if jobs.isdisjoint(one) != of_jobs]
