"""What the two slots did between two looks at their counters."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from release.counters import Counters, matching, total
from service.slots import CANDIDATE, SLOTS, STABLE

KINDS = ("predict", "infer")  # what users ask for
COUNTED = (
    "nginx_responses_total",
    "nginx_requests_retried_total",
    "nginx_response_duration_seconds_bucket",
    "nginx_response_duration_seconds_count",
    "nginx_successful_response_seconds_total",
    "predictions_total",
    "prediction_confidence_sum",
    "prediction_confidence_count",
)
NOBODY = "shared"  # an answer of nginx's own, where the other server has failed as well
UP = "up"  # Prometheus' own: 1 where the last scrape of a target came, and with it all of its series
NGINX_JOB, SERVER_JOB = "nginx_log_exporter", "model_server"
OF_THE_SERVERS = frozenset({"labels", "confidence"})  # gates; the other ones are nginx's or the database's
QUERY = (
    f'{{__name__=~"{"|".join((UP, *COUNTED))}",slot=~"{"|".join((*SLOTS, NOBODY))}",'
    f'job=~"{NGINX_JOB}|{SERVER_JOB}"}}'
)
FAILED, REFUSED = ("timeout", "error"), ("refused",)  # why a second server was asked; no room is no failure


@dataclass(frozen=True)
class Arm:
    """One slot's part of a look.

    `requests` are those that it was asked for first, `failed` those of them that it answered with 5xx or that
    another one had to answer, but for what neither had room for. Slow ones of `answered` are above the
    plan's bound. `seconds` is the time of the `succeeded` ones, those with a status of 2xx. ValueError where
    that cannot be.
    """

    requests: int = 0
    failed: int = 0
    answered: int = 0
    slow: int = 0
    succeeded: int = 0
    seconds: float = 0.0
    labels: Mapping[str, int] = field(default_factory=dict)
    confidence_sum: float = 0.0
    confidence_count: int = 0

    def __post_init__(self) -> None:
        counts = (self.requests, self.failed, self.succeeded, *self.labels.values())
        possible = (
            min(counts) >= 0
            and 0 <= self.slow <= self.answered
            and 0 <= self.seconds < math.inf
            and 0 <= self.confidence_sum <= self.confidence_count * (1 + 1e-9)
        )
        if not possible:
            least = min(self.labels.values(), default=0)  # a model may have thousands
            raise ValueError(f"no slot can have done this: { ({**vars(self), 'labels': least}) }")


@dataclass(frozen=True)
class Labelled:
    """True labels that came, about predictions of one step, and how many of these were wrong."""

    step: int
    candidate: int = 0
    candidate_wrong: int = 0
    stable: int = 0
    stable_wrong: int = 0


@dataclass(frozen=True)
class Look:
    """What both slots did since the look before, while the candidate was to get `percent`.

    `is_settled` tells that it got that all the time: some of it may be from before the split was changed.
    `is_blind` tells that a signal was lost. `after_pause` tells that nothing of this time counts: the release
    was paused in it.
    """

    number: int
    step: int
    percent: int
    at: datetime
    stable: Arm
    candidate: Arm
    labelled: Sequence[Labelled] = ()
    is_settled: bool = True
    is_blind: bool = False
    after_pause: bool = False


def counted(answer: Counters) -> Counters:
    """Return the counters of an answer to QUERY."""
    return {series: value for series, value in answer.items() if series.metric != UP}


def signals_lost(answer: Counters, gates: Collection[str]) -> tuple[str, ...]:
    """Return whose counters the gates need and Prometheus has not got now, of an answer to QUERY.

    A series that is not there is no sign of that: nobody may have been counted yet. So each target must have
    been scraped. nginx's must always: a step wants requests.
    """
    sources = [(NGINX_JOB, NOBODY)]
    if not OF_THE_SERVERS.isdisjoint(gates):
        sources += [(SERVER_JOB, slot) for slot in SLOTS]
    return tuple(f"{job} ({slot})" for job, slot in sources if not _is_scraped(answer, job, slot))


def _is_scraped(answer: Counters, job: str, slot: str) -> bool:
    states = [state for _, state in matching(answer, UP, job=job, slot=slot)]
    return bool(states) and all(states)


def arm(increase: Counters, slot: str, slow_seconds: float) -> Arm:
    """Return a slot's part, of what the counters grew by."""
    answered, errors, succeeded = (_responses(increase, slot, status) for status in ("", "5", "2"))
    lost, refused = (_asked_first(increase, slot, reasons) for reasons in (FAILED, REFUSED))
    taken, spared = (_retried(increase, reasons, slot=slot) for reasons in (FAILED, REFUSED))
    # Where both have no room, the second one's refusal is the answer: of the smaller slot far more often.
    no_room = min(spared, _responses(increase, slot, "503"))
    timed = _predictions(increase, "nginx_response_duration_seconds_count", slot)
    labels: dict[str, int] = {}
    for series, value in matching(increase, "predictions_total", slot=slot):
        label = series.label("label")
        labels[label] = labels.get(label, 0) + round(value)
    return Arm(
        # Not below 0: a page that a second server was asked for is among the `taken`, and no answer here.
        requests=max(0, round(answered - taken - spared + lost + refused)),
        failed=round(errors - no_room + lost),
        answered=round(timed),
        slow=round(timed - _within(increase, slot, slow_seconds)),
        succeeded=round(succeeded),
        seconds=_predictions(increase, "nginx_successful_response_seconds_total", slot),
        labels=labels,
        confidence_sum=total(increase, "prediction_confidence_sum", slot=slot),
        confidence_count=round(total(increase, "prediction_confidence_count", slot=slot)),
    )


def _asked_first(increase: Counters, slot: str, reasons: Sequence[str]) -> float:
    """Return how many requests this slot was asked for first and another server then.

    Who was asked is not known of a slot that has never answered: it was not the one that did.
    """
    other = STABLE if slot == CANDIDATE else CANDIDATE
    known, unknown = {"asked": slot}, {"asked": NOBODY, "slot": other}
    return _retried(increase, reasons, **known) + _retried(increase, reasons, **unknown)


def _retried(increase: Counters, reasons: Sequence[str], **labels: str) -> float:
    return sum(total(increase, "nginx_requests_retried_total", reason=one, **labels) for one in reasons)


def _responses(increase: Counters, slot: str, status: str) -> float:
    """Return the answers whose status begins so."""
    return sum(
        value
        for kind in KINDS
        for series, value in matching(increase, "nginx_responses_total", slot=slot, kind=kind)
        if series.label("status").startswith(status)
    )


def _predictions(increase: Counters, metric: str, slot: str) -> float:
    return sum(total(increase, metric, slot=slot, kind=kind) for kind in KINDS)


def _within(increase: Counters, slot: str, seconds: float) -> float:
    """Return how many answers took at most the histogram's bound that is the first at or above `seconds`."""
    metric = "nginx_response_duration_seconds_bucket"
    found = [
        (float(series.label("le")), value)
        for kind in KINDS
        for series, value in matching(increase, metric, slot=slot, kind=kind)
    ]
    bound = min((le for le, _ in found if le >= seconds), default=0.0)
    return sum(value for le, value in found if le == bound)
