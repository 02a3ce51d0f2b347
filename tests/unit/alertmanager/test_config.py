"""Alertmanager's configuration: valid, in step with receiver and rules, and hiding nothing critical."""

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from release.notifications.alerts import MOST_ALERTS, create_alert_webhook
from stack.paths import Paths
from stack.plain.alertmanager_config import render_alertmanager
from tests.unit.release.fakes import MemoryOutbox

PROJECT = Path(__file__).parents[3]
PATH = PROJECT / "alertmanager/alertmanager.yml"
CONFIG: dict[str, Any] = yaml.safe_load(PATH.read_text())


def severities() -> dict[str, str]:
    """Return the severity of every alert of the rules."""
    groups = yaml.safe_load((PROJECT / "prometheus/rules/alerts.yml").read_text())["groups"]
    return {rule["alert"]: rule["labels"]["severity"] for group in groups for rule in group["rules"]}


def hidden_by(rule: dict[str, Any]) -> set[str]:
    """Return the names of the alerts that an inhibition may hide."""
    chosen = set(severities())
    for matcher in rule["target_matchers"]:
        label, operator, value = re.fullmatch(r'(\w+)(=~|=)"(.+)"', matcher).groups()  # type: ignore[union-attr]
        assert label in {"alertname", "severity"}
        texts = {name: name if label == "alertname" else severity for name, severity in severities().items()}
        pattern = value if operator == "=~" else re.escape(value)
        chosen &= {name for name, text in texts.items() if re.fullmatch(pattern, text)}
    return chosen


def test_amtool_accepts_it() -> None:
    """As `make check` asks it."""
    done = subprocess.run(["amtool", "check-config", PATH], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_receiver_is_the_release_programs_webhook() -> None:
    """At its path, with no more alerts than it takes, and with their ends."""
    (receiver,) = CONFIG["receivers"]
    (webhook,) = receiver["webhook_configs"]
    (route,) = create_alert_webhook(MemoryOutbox(), "http://dashboards").routes
    assert webhook["url"] == f"http://release:8000{route.path}"  # type: ignore[attr-defined]  # an APIRoute
    assert webhook["max_alerts"] == MOST_ALERTS
    assert webhook["send_resolved"] is True
    assert CONFIG["route"]["receiver"] == receiver["name"]


def test_no_alert_hides_a_critical_one() -> None:
    """Each inhibition hides something, of its own slot, and nothing that users notice now."""
    for rule in CONFIG["inhibit_rules"]:
        assert hidden_by(rule)
        assert {severities()[name] for name in hidden_by(rule)} == {"warning"}
        assert rule["equal"] == ["slot"]


def test_plain_processes_have_it_with_the_address_of_this_machine(tmp_path: Path) -> None:
    """And else unchanged."""
    paths = Paths(tmp_path)
    paths.run.mkdir(parents=True)
    (tmp_path / "alertmanager").mkdir()
    (tmp_path / "alertmanager/alertmanager.yml").write_text(PATH.read_text())
    render_alertmanager(paths, "127.0.0.1:19090")
    rendered = (paths.run / "alertmanager.yml").read_text()
    assert rendered.replace("127.0.0.1:19090", "release:8000") == PATH.read_text()
    assert "http://127.0.0.1:19090/alerts" in rendered
