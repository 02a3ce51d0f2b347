"""Others' work is what the machine did and we did not."""

import pytest

from benchmark.interference import CpuReading, share_of_others


@pytest.mark.parametrize(
    ("machine", "ours", "share"),
    [(20.0, 20.0, 0.0), (16.0, 12.0, 0.2), (20.0, 0.0, 1.0), (5.0, 6.0, 0.0)],
)
def test_the_share_of_others(machine: float, ours: float, share: float) -> None:
    """Of 2 cores in 10 seconds, 4 CPU seconds of others are a fifth; less than nothing is nothing."""
    before, after = CpuReading(100.0, 50.0, 7.0), CpuReading(110.0, 50.0 + machine, 7.0 + ours)
    assert share_of_others(before, after, cores=2) == pytest.approx(share)
