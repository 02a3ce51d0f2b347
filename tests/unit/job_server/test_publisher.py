"""Chunks of all jobs are published in turn."""

from job_server.publisher import in_turn


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
