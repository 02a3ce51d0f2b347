"""Sampling is decided by the request id alone."""

import pytest

from mongodb.sampling import is_sampled

IDS = [f"request-{number}" for number in range(4000)]


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 1.0])
def test_the_share_is_the_rate(rate: float) -> None:
    """Over many ids the share is near the rate, and exact at 0 and 1."""
    share = sum(is_sampled(one, rate) for one in IDS) / len(IDS)
    assert share == rate if rate in {0.0, 1.0} else abs(share - rate) < 0.03


def test_a_lower_rate_takes_a_part_of_the_same_ids() -> None:
    """Two slots or two runs with the same ids agree on what they log."""
    few = {one for one in IDS if is_sampled(one, 0.1)}
    assert few < {one for one in IDS if is_sampled(one, 0.5)}
