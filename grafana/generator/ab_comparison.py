"""The dashboard that lays the candidate over the stable model."""

from dataclasses import replace

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.generator.drift import P_VALUE, P_VALUE_STEPS, distance, p_value, p_value_series
from grafana.generator.expressions import (
    BOTH_SLOTS,
    failed_share,
    label_share,
    mean,
    per_second,
    prediction_latency,
    quantile,
    selector,
    success_share,
    user_requests,
)
from grafana.generator.feedback import accuracy, coverage, labels
from grafana.generator.frame import Section, dashboard, fill
from grafana.generator.panel_kinds import Header, Panel, Query, bars, labels_table, note, number, series
from grafana.generator.traffic import LATENCY, SUCCESS

HOW_TO_READ = """\
**Drift on both slots:** the traffic changed. **On one slot only:** that slot or its routing.

Errors or latency on one slot only: take it out of the split in `nginx/default.conf`;
a saved edit counts within seconds.

Shares over little traffic say little: look at the request rate first."""


def share_of_traffic(rate: str) -> str:
    """Divide each slot's requests by those of both."""
    counter = user_requests(BOTH_SLOTS)
    each, both = (f"sum{by} ({rate.format(counter)})" for by in (" by (slot)", ""))
    return f"{each} / on () group_left () {both}"


def verdict() -> list[Panel]:
    """Put the two models beside each other."""
    models = f"max by (slot, model, version, sha256) ({selector('model_info', BOTH_SLOTS)})"
    return [
        labels_table(
            Header(
                "Models", "What each slot serves; the checksum is that of the whole package.", "none", 16, 5
            ),
            models,
            ["slot", "model", "version", "sha256"],
        ),
        note(
            Header("How to read this", "What a difference between the slots means.", "none", 8, 5),
            HOW_TO_READ,
        ),
        bars(
            Header(
                "Share of traffic", "Share of the users' requests in the shown time.", "percentunit", 6, 6
            ),
            Query(share_of_traffic("increase({}[$__range])")),
            maximum=1,
        ),
        number(
            Header("Success rate", SUCCESS, "percentunit", 6, 6),
            Query(success_share(BOTH_SLOTS)),
            thresholds=((None, "red"), (0.95, "yellow"), (0.99, "green")),
        ),
        number(
            Header("p99 latency", LATENCY, "s", 6, 6),
            Query(prediction_latency(0.99, BOTH_SLOTS)),
            thresholds=((None, "green"), (0.5, "yellow"), (1, "red")),
        ),
        number(
            Header("Newest p-value", P_VALUE, "short", 6, 6),
            replace(p_value(BOTH_SLOTS), instant=True),
            thresholds=P_VALUE_STEPS,
            sparkline=False,
            decimals=3,
        ),
    ]


def serving() -> list[Panel]:
    """Compare traffic, errors and time."""
    served = share_of_traffic("rate({}[$__rate_interval])")
    overlays = [
        (
            Header(
                "Share of traffic served", "Each slot's share: what the split really does.", "percentunit"
            ),
            served,
            1,
        ),
        (
            Header("Request rate", "Users' requests per second.", "reqps"),
            per_second(user_requests(BOTH_SLOTS)),
            None,
        ),
        (
            Header("Error rate", "Share of requests answered with a 5xx status.", "percentunit"),
            failed_share(BOTH_SLOTS),
            None,
        ),
        (Header("Median latency", LATENCY, "s"), prediction_latency(0.5, BOTH_SLOTS), None),
        (Header("p99 latency over time", LATENCY, "s"), prediction_latency(0.99, BOTH_SLOTS), None),
        (
            Header("Mean inference latency", "Time in the model alone.", "s"),
            mean("inference_duration_seconds", BOTH_SLOTS),
            None,
        ),
    ]
    return [series(header, Query(expr), maximum=top, per_slot=True) for header, expr, top in overlays]


def answers() -> list[Panel]:
    """Compare what the models say."""
    confidence = "prediction_confidence"
    level = "The level that 10 % of the predictions stay below."
    return [
        bars(
            Header(
                "Label distribution",
                "Each label's share of what the served model said in the shown time.",
                "percentunit",
                8,
            ),
            Query(label_share(BOTH_SLOTS), "{{label}} · {{slot}}"),
            maximum=1,
        ),
        series(
            Header("Mean confidence", "Probability of the chosen label, on average.", "percentunit", 8),
            Query(mean(confidence, BOTH_SLOTS)),
            maximum=1,
            per_slot=True,
        ),
        series(
            Header("Low confidence (p10)", level, "percentunit", 8),
            Query(quantile(0.1, confidence, BOTH_SLOTS)),
            maximum=1,
            per_slot=True,
        ),
    ]


def ab_comparison() -> Dashboard:
    """Build the dashboard."""
    description = "Both slots overlaid: who serves what, how well, and whether either drifts."
    frame = dashboard("ab-comparison", "A/B comparison", description, BOTH_SLOTS)
    sections = [
        Section("", verdict()),
        Section("Serving", serving()),
        Section("Answers", answers()),
        Section("Feedback", [panel(BOTH_SLOTS, 8) for panel in (accuracy, labels, coverage)]),
        Section("Drift", [p_value_series(BOTH_SLOTS), distance(BOTH_SLOTS)]),
    ]
    return fill(frame, sections)
