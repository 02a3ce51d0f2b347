"""An alert goes from Prometheus through Alertmanager to the program that tells people."""

import re
from typing import Any

import httpx

from tests.cleartext import NO_TLS
from tests.stack.client import ALERTMANAGER, total, wait_for
from tests.stack.running_stack import RunningStack

ALERT_SECONDS = 180  # until it is seen, has lasted for 30 s, and its group has waited


def fingerprint_of_down(job: str) -> str | None:
    """Return by what Alertmanager knows the alert that a program is down, None where there is none."""
    asked = {"inhibited": "false", "silenced": "false"}
    answer = httpx.get(f"{ALERTMANAGER}/api/v2/alerts", params=asked, verify=NO_TLS)
    alerts: list[dict[str, Any]] = answer.json()
    for one in alerts:
        if one["labels"]["alertname"] == "TargetDown" and one["labels"]["job"] == job:
            return str(one["fingerprint"])
    return None


def test_an_alert_and_its_end_reach_the_release_program(stack: RunningStack) -> None:
    """Its log names the alert once the message is in the outbox; nothing is refused."""
    wait_for("the alert at rest", lambda: fingerprint_of_down("nginx_exporter") is None, ALERT_SECONDS)
    before = len(stack.logs("release"))

    def is_told(fingerprint: str, status: str) -> bool:
        pattern = rf"alert:{fingerprint}:[^\"]*:{status}"
        return re.search(pattern, stack.logs("release")[before:]) is not None

    stack.stop("nginx_exporter")
    try:
        fingerprint = wait_for("the alert", lambda: fingerprint_of_down("nginx_exporter"), ALERT_SECONDS)
        assert fingerprint is not None
        wait_for("its message", lambda: is_told(fingerprint, "firing"), ALERT_SECONDS)
    finally:
        stack.start("nginx_exporter")
    wait_for("its end's message", lambda: is_told(fingerprint, "resolved"), ALERT_SECONDS)
    assert total('http_requests_total{job="release",path="/alerts",status!="200"}') == 0


def test_without_a_channel_nothing_waits_and_nothing_fails(stack: RunningStack) -> None:
    """As the stack is shipped."""
    assert total("notifications_pending") == 0
    assert total('notifications_sent_total{outcome!="sent"}') == 0
