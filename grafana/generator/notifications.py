"""The panels about what people are told: from Alertmanager through the outbox to the channels."""

from grafana.generator.expressions import HOST, per_second, selector
from grafana.generator.panel_kinds import Header, Panel, Query, series

WEBHOOK = 'integration="webhook"'


def notifications() -> list[Panel]:
    """Plot the way of a message from an alert to a channel."""
    waiting = selector("notifications_pending", HOST)
    sent = per_second(selector("notifications_sent_total", HOST), "slot, channel, outcome")
    handed = per_second(selector("alertmanager_notifications_total", HOST, WEBHOOK))
    refused = per_second(selector("alertmanager_notifications_failed_total", HOST, WEBHOOK))
    active = selector("alertmanager_alerts", HOST, 'state="active"')
    return [
        series(
            Header("Active alerts", "Alerts that Alertmanager knows and that nothing hides.", "short", 6),
            Query(f"max by (slot) ({active})"),
        ),
        series(
            Header(
                "Alerts handed over",
                "Groups of alerts per second that Alertmanager handed to the release program, and those "
                "that were not taken at once.",
                "cps",
                6,
            ),
            Query(handed, "{{slot}} handed over"),
            Query(refused, "{{slot}} not taken"),
        ),
        series(
            Header(
                "Messages to people",
                "Messages per second by channel and outcome; without a channel in NOTIFY_URLS it is zero. "
                "What failed is tried again.",
                "cps",
                6,
            ),
            Query(f"{sent} or 0 * max by (slot) ({waiting})", "{{slot}} {{channel}} {{outcome}}"),
        ),
        series(
            Header(
                "Messages waiting",
                "How many messages a channel has not taken yet, and for how many seconds the oldest one "
                "waits. The alert fires after 15 minutes.",
                "short",
                6,
            ),
            Query(f"max by (slot) ({waiting})", "{{slot}} messages"),
            Query(f"max by (slot) (slot:notification_oldest_pending:seconds{{{HOST}}})", "{{slot}} seconds"),
        ),
    ]
