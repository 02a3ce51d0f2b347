"""The PromQL that panels share. Replicas of a slot add up; `slots` is the matcher that chooses the slots."""

CHOSEN_SLOTS = 'slot=~"$slot"'
BOTH_SLOTS = 'slot=~".+"'
HOST = 'slot=~"$slot|shared"'

DECIDED_AT = "1000 * release_decision_timestamp_seconds"  # Grafana's times are in milliseconds

USER_PATHS = 'path!~"/(healthz|readyz|metrics)"'
PREDICTION_PATHS = 'path=~"/predict|/v2/models/.+/infer"'


def user_requests(slots: str, *matchers: str) -> str:
    """Select the requests of users: what the platform asks is not traffic."""
    return selector("http_requests_total", 'job="model_server"', slots, USER_PATHS, *matchers)


def failed_requests(slots: str) -> str:
    """Select the requests that the server failed."""
    return user_requests(slots, 'status=~"5.."')


def selector(metric: str, *matchers: str) -> str:
    """Write one instant vector selector."""
    return f"{metric}{{{','.join(matchers)}}}"


def total(series: str, by: str = "slot") -> str:
    """Add up the replicas' present values."""
    return f"sum by ({by}) ({series})"


def per_second(counter: str, by: str = "slot") -> str:
    """Add up the replicas' rates."""
    return f"sum by ({by}) (rate({counter}[$__rate_interval]))"


def or_zero(expression: str, slots: str) -> str:
    """Read nothing counted as zero, but only for a slot whose server answers its scrape."""
    return f'{expression} or 0 * max by (slot) (up{{job="model_server",{slots}}} == 1)'


def failed_share(slots: str) -> str:
    """Divide failed by all requests; NaN, a gap in the plot, where nobody asked."""
    failed = or_zero(per_second(failed_requests(slots)), slots)
    return f"({failed}) / {per_second(user_requests(slots))}"


def success_share(slots: str) -> str:
    """Give the share of requests that the server did not fail."""
    return f"1 - ({failed_share(slots)})"


def quantile(share: float, histogram: str, *matchers: str) -> str:
    """Estimate a quantile over all replicas of a slot."""
    return (
        f"histogram_quantile({share}, {per_second(selector(f'{histogram}_bucket', *matchers), 'slot, le')})"
    )


def prediction_latency(share: float, slots: str) -> str:
    """Estimate a quantile of the time that a prediction takes, by either protocol."""
    return quantile(share, "http_request_duration_seconds", 'job="model_server"', slots, PREDICTION_PATHS)


def mean(histogram: str, slots: str) -> str:
    """Divide a histogram's sum by its count."""
    seconds = per_second(selector(f"{histogram}_sum", slots))
    return f"{seconds} / {per_second(selector(f'{histogram}_count', slots))}"


def of_served_models(series: str, slots: str) -> str:
    """Keep what is of the model that its server has now: a replaced one's counters stay until the end."""
    return f"{series} and on (slot, instance, model, version) {selector('model_info', slots)}"


def label_share(slots: str) -> str:
    """Give each label's share of what the model that a slot serves has said in the shown time."""
    said = f"increase({selector('predictions_total', slots)}[$__range])"
    served = of_served_models(said, slots)
    return f"{total(served, 'slot, label')} / on (slot) group_left () {total(served)}"


def share_served(window: str = "rate({}[$__rate_interval])") -> str:
    """Divide what nginx had each slot answer by all that it shared out: users' predictions."""
    answered = selector("nginx_responses_total", 'slot!="shared"', 'kind=~"predict|infer"')
    counted = window.format(answered)
    return f"{total(counted)} / on () group_left () sum({counted})"


def or_else(expression: str, label: str, words: str, value: int = 0) -> str:
    """Give one series that says in words why there is none, as long as the release program answers."""
    known = f"{value} + 0 * max(release_phase)"
    return f'({expression}) or on () label_replace({known}, "{label}", "{words}", "", "")'
