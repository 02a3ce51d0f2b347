"""The bounds of a share."""

from random import Random

import pytest

from release.interval import share_interval


def test_the_bounds_are_wilsons() -> None:
    """As published: 10 of 20 with 1.96 standard deviations."""
    assert share_interval(10, 20, 1.96) == pytest.approx((0.299, 0.701), abs=0.001)


def test_nothing_and_all_are_within_their_bounds() -> None:
    """To the last digit, as a share of 0 or 1 is what a split of 100 to 0 wants."""
    assert share_interval(0, 200)[0] == 0
    assert share_interval(200, 200)[1] == 1
    assert share_interval(1, 200)[0] > 0
    assert share_interval(0, 0) == (0, 1)


def test_nearly_all_intervals_hold_the_truth() -> None:
    """99 % of them, also of a small share."""
    random = Random(1)
    draws = [sum(random.random() < 0.05 for _ in range(200)) for _ in range(2000)]
    missed = sum(not low <= 0.05 <= high for low, high in (share_interval(one, 200) for one in draws))
    assert missed / len(draws) < 0.02


@pytest.mark.parametrize(("part", "whole"), [(-1, 5), (6, 5)])
def test_what_is_no_share_is_refused(part: int, whole: int) -> None:
    """It would be a fault of whoever counted."""
    with pytest.raises(ValueError, match="no share"):
        share_interval(part, whole)
