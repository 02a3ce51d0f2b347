"""Prometheus' rules, as tests ask for them."""

import re
from pathlib import Path

import yaml

from stack.published import PROFILES

RULES = sorted((Path(__file__).parents[1] / "prometheus/rules").glob("*.yml"))
COMPARISON = re.compile(r"\s*[<>]=?\s*")


def rule_expressions(profile: str = "") -> list[tuple[str, str]]:
    """Return (name, expression) of a profile's rules, or of those of none; of an alert its recorded value."""
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    profiles = {
        rule["record"]: group["name"]
        for group in groups
        if group["name"] in PROFILES
        for rule in group["rules"]
    }
    rules = [rule for group in groups for rule in group["rules"]]
    recorded = [(rule["record"], rule["expr"]) for rule in rules if "record" in rule]
    alerts = [(rule["alert"], COMPARISON.split(rule["expr"])[0]) for rule in rules if "alert" in rule]
    return [one for one in recorded + alerts if profile == next(filter(None, map(profiles.get, one)), "")]
