"""What the counters of nginx and of the slots say about each slot between two looks."""

from typing import Any

import pytest

from release.counters import Counters, Series, increase, last_known
from release.evidence import Arm, arm
from service.slots import CANDIDATE, STABLE


def series(metric: str, **labels: str) -> Series:
    return Series(metric, frozenset(labels.items()))


def responses(slot: str, status: str, count: float, kind: str = "predict") -> Counters:
    return {series("nginx_responses_total", slot=slot, status=status, kind=kind): count}


def retried(slot: str, asked: str, reason: str, count: float) -> Counters:
    return {series("nginx_requests_retried_total", slot=slot, asked=asked, reason=reason): count}


@pytest.mark.parametrize(("before", "after", "grown"), [(10, 15, 5), (10, 3, 3), (None, 4, 4), (7, 7, 0)])
def test_a_counter_that_fell_was_begun_anew(before: float | None, after: float, grown: float) -> None:
    """All that it shows is counted since; so is one that is new."""
    one = series("requests_total", slot=STABLE)
    assert increase({} if before is None else {one: before}, {one: after}) == {one: grown}


def test_a_restart_is_one_of_all_that_a_target_counts() -> None:
    """A histogram whose count has grown past what it was, while its bucket has not, was begun anew, too."""
    count, bucket, other = (
        series(metric, slot=STABLE, job="nginx_log_exporter", instance=instance)
        for metric, instance in (("count", "a"), ("bucket", "a"), ("count", "b"))
    )
    grown = increase({count: 20, bucket: 20, other: 20}, {count: 25, bucket: 15, other: 25})
    assert grown == {count: 25, bucket: 15, other: 5}


def test_a_series_that_comes_back_goes_on_from_what_it_showed_last() -> None:
    """But where its target was begun anew meanwhile."""
    gone, there = series("a_total", instance="a"), series("b_total", instance="a")
    before = last_known({gone: 900, there: 20}, {there: 25})
    assert before == {gone: 900, there: 25}
    assert increase(before, {gone: 903, there: 25}) == {gone: 3, there: 0}
    assert last_known(before, {there: 5}) == {there: 5}


@pytest.mark.parametrize(
    "wrong",
    [
        {"failed": -1},
        {"answered": 5, "slow": 6},
        {"answered": 5, "slow": -10},
        {"seconds": -0.5},
        {"labels": {"apple": -1}},
        {"confidence_count": 4, "confidence_sum": -3.0},
        {"confidence_count": 4, "confidence_sum": 4.1},
    ],
)
def test_what_no_slot_can_have_done_is_refused(wrong: dict[str, Any]) -> None:
    """Before it is stored, and spoils all that is judged from then on."""
    with pytest.raises(ValueError, match="no slot can have done this"):
        Arm(**wrong)


def test_what_is_said_of_it_is_short() -> None:
    """People read it in an e-mail, and a model may have thousands of labels."""
    with pytest.raises(ValueError, match="-1") as refused:
        Arm(labels={f"class {number}": number - 1 for number in range(1000)})
    assert len(str(refused.value)) < 300


def test_a_page_that_a_second_server_was_asked_for_is_no_request() -> None:
    """It is retried, and no answer of those that count."""
    assert arm(retried(STABLE, CANDIDATE, "error", 1), STABLE, 0.5).requests == 0


def test_failed_requests_are_counted_where_they_were_sent_first() -> None:
    """A slot that hangs answers nothing: what the other one answered in its place is its failure."""
    grown = {
        **responses(STABLE, "200", 90),
        **responses(STABLE, "500", 2),
        **responses(CANDIDATE, "200", 8),
        **retried(STABLE, CANDIDATE, "timeout", 5),
        **retried(STABLE, CANDIDATE, "refused", 3),
    }
    stable, candidate = arm(grown, STABLE, 0.5), arm(grown, CANDIDATE, 0.5)
    assert (stable.requests, stable.failed) == (84, 2)
    assert (candidate.requests, candidate.failed) == (16, 5)


def test_what_neither_slot_has_room_for_is_nobodys_failure() -> None:
    """The second one's refusal is the answer: so the smaller slot would answer for nearly all of them."""
    grown = {
        **responses(STABLE, "200", 700),
        **responses(STABLE, "503", 20),
        **responses(CANDIDATE, "200", 300),
        **responses(CANDIDATE, "503", 110),
        **retried(STABLE, CANDIDATE, "refused", 30),
        **retried(CANDIDATE, STABLE, "refused", 120),
    }
    stable, candidate = arm(grown, STABLE, 0.5), arm(grown, CANDIDATE, 0.5)
    assert (stable.requests, stable.failed) == (810, 0)
    assert (candidate.requests, candidate.failed) == (320, 0)


def test_a_503_that_nobody_else_was_asked_before_is_a_failure() -> None:
    """A server's own, or nginx's that reached no server."""
    grown = {**responses(CANDIDATE, "503", 9), **retried(CANDIDATE, STABLE, "refused", 4)}
    assert arm(grown, CANDIDATE, 0.5).failed == 5


def test_a_slot_that_has_never_answered_is_the_one_that_did_not() -> None:
    """Nobody knows its address by name then: a candidate that is broken from its start on, say."""
    grown = {**responses(STABLE, "200", 90), **retried(STABLE, "shared", "error", 9)}
    stable, candidate = arm(grown, STABLE, 0.5), arm(grown, CANDIDATE, 0.5)
    assert (stable.requests, stable.failed) == (81, 0)
    assert (candidate.requests, candidate.failed) == (9, 9)


def test_a_replica_that_fails_is_its_own_slots() -> None:
    """Also where another one of the same slot answers in its place, or nobody does."""
    grown = {
        **responses(STABLE, "200", 90),
        **responses(CANDIDATE, "200", 10),
        **retried(CANDIDATE, CANDIDATE, "error", 4),
        **retried(STABLE, STABLE, "error", 2),
        **retried("shared", CANDIDATE, "error", 1),
    }
    stable, candidate = arm(grown, STABLE, 0.5), arm(grown, CANDIDATE, 0.5)
    assert (stable.requests, stable.failed) == (90, 2)
    assert (candidate.requests, candidate.failed) == (11, 5)


def test_only_what_users_ask_to_be_predicted_counts() -> None:
    """Not pages, health checks or trials."""
    grown = {
        **responses(STABLE, "200", 1),
        **responses(STABLE, "200", 2, "infer"),
        **responses(STABLE, "500", 4, "other"),
        **responses(STABLE, "500", 8, "platform"),
    }
    assert (arm(grown, STABLE, 0.5).requests, arm(grown, STABLE, 0.5).failed) == (3, 0)


def test_slow_requests_are_those_above_the_first_bound_that_is_not_below() -> None:
    """Of a histogram's bounds, which are cumulative."""
    metric = "nginx_response_duration_seconds"
    counts = {"0.25": 6.0, "0.5": 9.0, "0.75": 10.0, "+Inf": 12.0}
    grown = {
        series(f"{metric}_bucket", slot=STABLE, kind="predict", le=le): count for le, count in counts.items()
    }
    grown |= {series(f"{metric}_count", slot=STABLE, kind="predict"): 12.0}
    found = arm(grown, STABLE, 0.5)
    assert (found.answered, found.slow) == (12, 3)
    assert arm(grown, STABLE, 0.6).slow == 2


def test_the_time_is_that_of_successes() -> None:
    """A failure that comes at once makes nobody faster."""
    seconds = series("nginx_successful_response_seconds_total", slot=STABLE, kind="predict")
    grown = {**responses(STABLE, "200", 4), **responses(STABLE, "503", 8), seconds: 2.0}
    found = arm(grown, STABLE, 0.5)
    assert (found.succeeded, found.seconds) == (4, 2.0)


def test_labels_are_added_up_over_replicas_and_versions() -> None:
    """Each with its count."""
    grown = {
        series("predictions_total", slot=STABLE, label="apple", instance="1"): 2.0,
        series("predictions_total", slot=STABLE, label="apple", instance="2"): 3.0,
        series("predictions_total", slot=STABLE, label="lemon", instance="2"): 1.0,
        series("predictions_total", slot=CANDIDATE, label="lemon", instance="3"): 7.0,
    }
    assert arm(grown, STABLE, 0.5).labels == {"apple": 5, "lemon": 1}
