"""The panels about requests and predictions, for the slots that a dashboard chooses."""

from grafana.generator.expressions import (
    failed_requests,
    mean,
    of_served_models,
    or_zero,
    per_second,
    prediction_latency,
    quantile,
    selector,
    success_share,
    total,
    user_requests,
)
from grafana.generator.panel_kinds import Header, Panel, Query, bars, number, series

SUCCESS = "Share of the users' requests that the server did not fail (no 5xx). A gap: nobody asked."
LATENCY = (
    "Time of a prediction (POST /predict, or infer below /v2) from the request's head to the answer's "
    "last byte, estimated from the buckets."
)
LAG = "Longest that each program's event loop was late, in the last half minute: so long everybody waited."


def traffic(slots: str) -> list[Panel]:
    """How much is asked, and with which outcome."""
    return [
        series(
            Header("Request rate by status", "Users' requests per second by HTTP status.", "reqps"),
            Query(per_second(user_requests(slots), "slot, status"), "{{slot}} {{status}}"),
        ),
        series(
            Header("Success rate", SUCCESS, "percentunit", width=8),
            Query(success_share(slots)),
            maximum=1,
            per_slot=True,
        ),
        number(
            Header(
                "In progress",
                "Users' requests being answered now.",
                "short",
                width=4,
            ),
            Query(total(selector("http_requests_in_progress", 'job="model_server"', slots))),
        ),
    ]


def totals(slots: str) -> list[Panel]:
    """What the running servers have counted."""
    dropped = or_zero(total(selector("samples_dropped_total", slots)), slots)
    counted = {
        "Requests": ("Users' requests since the servers started.", total(user_requests(slots))),
        "Predictions": (
            "Images classified since the servers started.",
            total(selector("predictions_total", slots)),
        ),
        "Server errors": (
            "Requests answered with a 5xx status since the servers started.",
            or_zero(total(failed_requests(slots)), slots),
        ),
        "Samples dropped": ("Samples that MongoDB never got, since the servers started.", dropped),
    }
    bad = ((None, "green"), (1, "red"))
    return [
        number(
            Header(title, description, "locale", width=6, height=4),
            Query(expression, instant=True),
            thresholds=bad if title in {"Server errors", "Samples dropped"} else (),
            sparkline=False,
            decimals=0,
        )
        for title, (description, expression) in counted.items()
    ]


def latency(slots: str) -> list[Panel]:
    """How long an answer takes, and how much of it is the model."""
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return [
        series(
            Header("Latency of a prediction", LATENCY, "s"),
            *(
                Query(prediction_latency(share, slots), f"{{{{slot}}}} {name}")
                for name, share in shares.items()
            ),
        ),
        series(
            Header(
                "Inference latency",
                "Time in the model alone. The rest of a prediction is decoding and waiting.",
                "s",
            ),
            Query(mean("inference_duration_seconds", slots), "{{slot}} mean"),
            Query(quantile(0.95, "inference_duration_seconds", slots), "{{slot}} p95"),
            per_slot=True,
            dashed="p95",
        ),
        series(
            Header("Event loop lag", LAG, "s", 24, 6),
            Query(
                f"max by (job, slot) ({selector('event_loop_lag_seconds', slots)})",
                "{{job}} {{slot}}",
            ),
        ),
    ]


def predictions(slots: str) -> list[Panel]:
    """What the models say, and how sure they are."""
    counted = selector("predictions_total", slots)
    confidence = "prediction_confidence"
    return [
        bars(
            Header(
                "Prediction distribution",
                "Predictions of the models now served by label, since the servers started.",
                "locale",
                width=8,
            ),
            Query(total(of_served_models(counted, slots), "slot, label"), "{{label}} · {{slot}}"),
        ),
        series(
            Header("Predictions by label", "Predictions per second by label.", "cps", width=8),
            Query(per_second(counted, "slot, label"), "{{slot}} {{label}}"),
            stacked=True,
        ),
        series(
            Header(
                "Confidence",
                "Probability of the chosen label: the mean, and what 10 % of the answers stay below.",
                "percentunit",
                width=8,
            ),
            Query(mean(confidence, slots), "{{slot}} mean"),
            Query(quantile(0.1, confidence, slots), "{{slot}} p10"),
            maximum=1,
            per_slot=True,
            dashed="p10",
        ),
    ]
