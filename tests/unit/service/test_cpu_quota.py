"""The quota counts, not the machine."""

from pathlib import Path

import pytest

from service.cpu_quota import available_cpus, read_quota


@pytest.mark.parametrize(("content", "cpus"), [("150000 100000", 1.5), ("max 100000", 1e9), ("garbage", 1e9)])
def test_cgroup_v2(tmp_path: Path, content: str, cpus: float) -> None:
    """The quota is read as the kernel writes it."""
    (tmp_path / "cpu.max").write_text(content)
    assert read_quota(tmp_path) == cpus


@pytest.mark.parametrize(("quota", "cpus"), [("50000", 0.5), ("-1", 1e9)])
def test_cgroup_v1(tmp_path: Path, quota: str, cpus: float) -> None:
    """Older engines have two files."""
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu/cpu.cfs_period_us").write_text("100000")
    assert read_quota(tmp_path) == cpus


def test_less_than_one_cpu_is_one_thread(tmp_path: Path) -> None:
    """There is always one thread, and without a quota no more than cores."""
    (tmp_path / "cpu.max").write_text("20000 100000")
    assert available_cpus(tmp_path) == 1
    assert available_cpus(tmp_path / "absent") >= 1
