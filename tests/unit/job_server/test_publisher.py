"""Chunks of all jobs are published in turn."""

from job_server.publisher import LEAST_IN_HAND, MOST_IN_HAND, in_turn, next_in_hand


def test_the_oldest_job_goes_first() -> None:
    """Then each in turn."""
    assert in_turn(["a", "b"], [], 5) == ["a", "b", "a", "b", "a"]


def test_a_new_job_comes_before_the_rest_of_one_that_has_many() -> None:
    """Until it has as many."""
    assert in_turn(["large", "small"], ["large"] * 4, 3) == ["small"] * 3


def test_where_no_job_waits_nothing_is_published() -> None:
    """Nor where nothing is free."""
    assert in_turn([], [], 4) == []
    assert in_turn(["a"], ["a"], 0) == []


def test_workers_that_are_quick_get_more_at_a_time() -> None:
    """None of them is to wait for the next look; there is a bound."""
    in_hand = LEAST_IN_HAND
    for _ in range(10):
        in_hand = next_in_hand(in_hand, ready=0, workers=2)
    assert in_hand == MOST_IN_HAND


def test_workers_that_are_slow_get_fewer() -> None:
    """So a small job that comes waits for few; half of them is as it should be."""
    assert next_in_hand(8, ready=10, workers=2) == 7
    assert next_in_hand(8, ready=8, workers=2) == 8
    assert next_in_hand(LEAST_IN_HAND, ready=4, workers=2) == LEAST_IN_HAND
