"""What Alertmanager itself makes of its configuration, and posts."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from release.notifications.alerts import AlertGroup
from stack.plain.packages import find_program
from tests.cleartext import NO_TLS
from tests.ports import free_port
from tests.receivers import Webhook
from tests.waiting import until

CONFIG = Path(__file__).parents[2] / "alertmanager/alertmanager.yml"


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    webhook = Webhook()
    webhook.start()
    yield webhook
    webhook.stop()


@pytest.fixture
def alertmanager(tmp_path: Path, webhook: Webhook) -> Iterator[str]:
    """Run it with the shipped configuration and the test's webhook, and give its address."""
    text = CONFIG.read_text().replace("release:8000", f"127.0.0.1:{webhook.port}")
    (tmp_path / "alertmanager.yml").write_text(text.replace("group_wait: 10s", "group_wait: 1s"))
    address = f"127.0.0.1:{free_port()}"
    command = [
        find_program("prometheus-alertmanager") or "prometheus-alertmanager",
        f"--config.file={tmp_path / 'alertmanager.yml'}",
        f"--storage.path={tmp_path / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until("Alertmanager is ready", lambda: answers(f"http://{address}/-/ready"))
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(30)


def answers(url: str) -> bool:
    """Tell whether a URL answers with success."""
    try:
        return httpx.get(url, verify=NO_TLS).status_code == 200
    except httpx.TransportError:
        return False


def fire(alertmanager: str, *alerts: dict[str, str]) -> None:
    """Post alerts as Prometheus does."""
    now = datetime.now(UTC).isoformat()
    body = [{"labels": labels, "annotations": {"summary": "s"}, "startsAt": now} for labels in alerts]
    assert httpx.post(f"{alertmanager}/api/v2/alerts", json=body, verify=NO_TLS).status_code == 200


def alert(name: str, slot: str, severity: str, **labels: str) -> dict[str, str]:
    """Make the labels of an alert."""
    return {"alertname": name, "slot": slot, "severity": severity, **labels}


def test_a_server_that_is_down_hides_its_slots_warnings_and_nothing_else(
    alertmanager: str, webhook: Webhook
) -> None:
    """What is critical is told, and so is the other slot's; what is posted is what our webhook reads."""
    stable, candidate = "model_server", "model_server_new"
    fire(alertmanager, alert("TargetDown", stable, "critical", job="model_server"))
    until("its message", lambda: len(webhook.posts) == 1)
    fire(
        alertmanager,
        alert("SamplesDropped", stable, "warning"),
        alert("HighErrorRate", stable, "critical"),
        alert("SamplesDropped", candidate, "warning"),
        alert("HighCpu", "shared", "warning"),
    )
    until("all messages", lambda: len(webhook.posts) == 4)
    groups = [AlertGroup.model_validate(post.body) for post in webhook.posts]
    told = {(one.labels["alertname"], one.labels["slot"]) for group in groups for one in group.alerts}
    assert told == {
        ("TargetDown", stable),
        ("HighErrorRate", stable),
        ("SamplesDropped", candidate),
        ("HighCpu", "shared"),
    }


def test_the_same_alert_of_both_slots_is_one_message(alertmanager: str, webhook: Webhook) -> None:
    """Then the traffic changed."""
    drifted = [alert("DriftDetected", slot, "warning") for slot in ("model_server", "model_server_new")]
    fire(alertmanager, *drifted)
    until("the message", lambda: bool(webhook.posts))
    (post,) = webhook.posts
    assert len(AlertGroup.model_validate(post.body).alerts) == 2
