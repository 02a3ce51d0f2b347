"""Records come at a steady rate."""

import pytest

from stream.producer.pace import Pace


def made_within(pace: Pace, start: float, seconds: float, rate: float) -> int:
    """Return how many records are made from `start` on, by one who waits as told."""
    now, made = start, 0
    while True:
        now += pace.seconds_left(now, rate)
        if now > start + seconds:
            return made
        pace.made(rate)
        made += 1


def test_so_many_come_a_second() -> None:
    """Evenly, the first one at once."""
    assert made_within(Pace(), 100.0, 9.99, 50.0) == 500


def test_a_short_delay_is_caught_up() -> None:
    """So that the rate is kept where single records take longer."""
    pace = Pace()
    made_within(pace, 0.0, 1.0, 10.0)
    assert made_within(pace, 1.55, 0.0, 10.0) == 5


def test_a_long_delay_is_not() -> None:
    """After a minute without room there is no flood: at most a second's records."""
    pace = Pace()
    made_within(pace, 0.0, 1.0, 10.0)
    assert made_within(pace, 61.0, 0.0, 10.0) <= 11


def test_after_a_pause_nothing_is_caught_up() -> None:
    """It begins anew."""
    pace = Pace()
    made_within(pace, 0.0, 1.0, 10.0)
    pace.pause()
    assert made_within(pace, 1.9, 0.05, 10.0) == 1


def test_a_higher_rate_counts_at_once() -> None:
    """Who has waited for a record a minute does not wait for it any longer."""
    pace = Pace()
    pace.seconds_left(0.0, 1 / 60)
    pace.made(1 / 60)
    assert pace.seconds_left(1.0, 1 / 60) == pytest.approx(59.0)
    assert pace.seconds_left(1.0, 50.0) == pytest.approx(0.02)
