"""The panels about what users see of both slots: nginx's answers, its own among them (`shared`)."""

from grafana.generator.expressions import HOST, per_second, quantile, selector
from grafana.generator.panel_kinds import Header, Panel, Query, series

OF_USERS = 'kind!~"platform|test|shadow"'
NOT_OF_USERS = 'kind=~"test|shadow"'
PREDICTIONS = 'kind=~"predict|infer|direct|forced"'


def front_door() -> list[Panel]:
    """Plot nginx's answers, and what they cost."""
    answers = selector("nginx_responses_total", HOST, OF_USERS)
    others = selector("nginx_responses_total", HOST, NOT_OF_USERS)
    unreadable = selector("nginx_log_lines_unreadable_total", HOST)
    return [
        series(
            Header(
                "Answers at the front door",
                "nginx's answers per second by status; shared are its own, such as 502 and 504.",
                "reqps",
            ),
            Query(per_second(answers, "slot, status"), "{{slot}} {{status}}"),
        ),
        series(
            Header(
                "Waiting at the front door",
                "Time from a whole request for a prediction to its answer, with all servers that were asked.",
                "s",
            ),
            *(
                Query(
                    quantile(share, "nginx_response_duration_seconds", HOST, PREDICTIONS),
                    f"{{{{slot}}}} {name}",
                )
                for name, share in {"p50": 0.5, "p99": 0.99}.items()
            ),
        ),
        series(
            Header(
                "Requests retried",
                "Requests per second that a second server was asked for: who was first, and what it did.",
                "reqps",
            ),
            Query(
                per_second(selector("nginx_requests_retried_total", HOST), "slot, asked, reason"),
                "{{asked}} {{reason}}, then {{slot}}",
            ),
        ),
        series(
            Header(
                "Test and shadow traffic",
                "Predictions per second that are no user's: tests of the slot that is not production, and "
                "copies sent to it; shared are copies that were not made.",
                "reqps",
            ),
            Query(per_second(others, "slot, kind, status"), "{{slot}} {{kind}} {{status}}"),
        ),
        series(
            Header(
                "Answers not counted",
                "Share of nginx's answers that its log exporter did not hear of, and datagrams per second "
                "that were no line of nginx's.",
                "short",
            ),
            Query(
                f"max by (slot) (slot:nginx_responses_uncounted:ratio_increase5m{{{HOST}}})", "{{slot}} share"
            ),
            Query(per_second(unreadable), "{{slot}} unreadable"),
        ),
    ]
