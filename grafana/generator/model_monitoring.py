"""The dashboard of one slot, or of both: is it well, and if not, why."""

from dataclasses import replace

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.generator.alerts import ALERT_WORDS, alert_states
from grafana.generator.batching import batching
from grafana.generator.drift import (
    P_VALUE,
    P_VALUE_STEPS,
    WINDOWS,
    WINDOWS_STEPS,
    detector,
    distance,
    drifted_windows,
    p_value,
    p_value_series,
)
from grafana.generator.expressions import (
    CHOSEN_SLOTS,
    per_second,
    prediction_latency,
    success_share,
    user_requests,
)
from grafana.generator.feedback import feedback
from grafana.generator.frame import Section, dashboard, fill, slot_variable
from grafana.generator.front_door import front_door
from grafana.generator.host import dials, machine, traffic_of_the_host
from grafana.generator.notifications import notifications
from grafana.generator.panel_kinds import Header, Panel, Query, number, states
from grafana.generator.traffic import LATENCY, SUCCESS, latency, predictions, totals, traffic
from grafana.generator.trials import trials

UP_WORDS = {0: ("DOWN", "red"), 1: ("UP", "green")}


def overview() -> list[Panel]:
    """Say in one row whether all is well."""
    slots = CHOSEN_SLOTS
    return [
        states(
            Header(
                "Alerts",
                "Each alert of prometheus/rules/alerts.yml for the chosen slots.",
                "none",
                24,
                4,
            ),
            Query(alert_states(), "{{alertname}}", instant=True),
            ALERT_WORDS,
        ),
        states(
            Header("Servers", "Whether every replica of the slot answers its scrape.", "none", 4, 6),
            Query(f'job_slot:up:min{{job="model_server",{slots}}}', instant=True),
            UP_WORDS,
        ),
        number(
            Header("Success rate now", SUCCESS, "percentunit", 4, 6),
            Query(success_share(slots)),
            thresholds=((None, "red"), (0.95, "yellow"), (0.99, "green")),
        ),
        number(
            Header("Request rate", "Users' requests per second.", "reqps", 4, 6),
            Query(per_second(user_requests(slots))),
        ),
        number(
            Header("p99 latency", LATENCY, "s", 4, 6),
            Query(prediction_latency(0.99, slots)),
            thresholds=((None, "green"), (0.5, "yellow"), (1, "red")),
        ),
        number(
            Header("Newest p-value", P_VALUE, "short", 4, 6),
            replace(p_value(slots), instant=True),
            thresholds=P_VALUE_STEPS,
            sparkline=False,
            decimals=3,
        ),
        number(
            Header("Drifted windows", WINDOWS, "short", 4, 6),
            replace(drifted_windows(slots), instant=True),
            thresholds=WINDOWS_STEPS,
            sparkline=False,
            decimals=0,
        ),
    ]


def model_monitoring() -> Dashboard:
    """Build the dashboard."""
    description = "Requests, latency, predictions, drift and the host, for the chosen slots."
    frame = dashboard("model-monitoring", "Model monitoring", description, CHOSEN_SLOTS).with_variable(
        slot_variable()
    )
    sections = [
        Section("", overview()),
        Section("Traffic", [*traffic(CHOSEN_SLOTS), *totals(CHOSEN_SLOTS)]),
        Section("Latency", latency(CHOSEN_SLOTS)),
        Section("Front door, shared by both slots", front_door()),
        Section("Queue and model", batching(CHOSEN_SLOTS)),
        Section("Predictions", predictions(CHOSEN_SLOTS)),
        Section("Feedback", feedback(CHOSEN_SLOTS)),
        Section("Drift", [p_value_series(CHOSEN_SLOTS), distance(CHOSEN_SLOTS), *detector(CHOSEN_SLOTS)]),
        Section("Notifications, shared by both slots", notifications()),
        Section("Trials: forced, test and shadow requests", trials(CHOSEN_SLOTS)),
        Section("Host, shared by both slots", [*dials(), *machine(), *traffic_of_the_host()]),
    ]
    return fill(frame, sections)
