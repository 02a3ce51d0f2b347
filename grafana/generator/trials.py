"""The panels about trial traffic: the requests that are no user's, and count nowhere else."""

from grafana.generator.expressions import per_second, selector
from grafana.generator.panel_kinds import Header, Panel, Query, series

LEGEND = "{{slot}} {{traffic}}"
RATE = "Requests per second that were no user's: forced to a slot, sent to /test, or a shadow's copies."
LATENCY = "99th percentile of the time that they took, estimated from the buckets. 0: there were none."


def trials(slots: str) -> list[Panel]:
    """How much of it there is, what is answered, and how fast."""
    answered = per_second(selector("trial_requests_total", slots), "slot, traffic, status")
    histogram = selector("trial_request_duration_seconds_bucket", slots)
    p99 = f"histogram_quantile(0.99, {per_second(histogram, 'slot, traffic, le')})"
    none = f"0 * {per_second(selector('trial_request_duration_seconds_count', slots), 'slot, traffic')}"
    return [
        series(Header("Trial requests", RATE, "reqps"), Query(answered, f"{LEGEND} {{{{status}}}}")),
        series(Header("p99 latency of trials", LATENCY, "s"), Query(f"{p99} >= 0 or {none}", LEGEND)),
    ]
