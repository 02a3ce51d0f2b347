"""What the two slots did between two looks at their counters."""

from collections.abc import Mapping, Sequence
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
QUERY = f'{{__name__=~"{"|".join(COUNTED)}",slot=~"{"|".join((*SLOTS, NOBODY))}"}}'
FAILED, REFUSED = ("timeout", "error"), ("refused",)  # why a second server was asked; no room is no failure


@dataclass(frozen=True)
class Arm:
    """One slot's part of a look.

    `requests` are those that it was asked for first, `failed` those of them that it answered with 5xx or that
    another one had to answer, but for what neither had room for. Slow ones of `answered` are above the
    plan's bound. `seconds` is the time of the `succeeded` ones, those with a status of 2xx.
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
    """

    number: int
    step: int
    percent: int
    at: datetime
    stable: Arm
    candidate: Arm
    labelled: Sequence[Labelled] = ()
    is_settled: bool = True


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
        requests=round(answered - taken - spared + lost + refused),
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
