"""How many CPUs this process may use: the container's quota, not the machine's cores.

Read by hand, as psutil knows of affinity but not of cgroups, and os.process_cpu_count (3.13) neither.
"""

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def available_cpus(cgroup: Path = CGROUP) -> int:
    """Return the whole CPUs of the quota, at least 1; without a quota, the cores this process may run on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, math.floor(read_quota(cgroup))))


def read_quota(cgroup: Path) -> float:
    """Return the quota in CPUs (cgroup v2, else v1), 1e9 if there is none."""
    try:
        if (cgroup / "cpu.max").exists():
            quota, period = (cgroup / "cpu.max").read_text().split()
        else:
            quota = (cgroup / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu/cpu.cfs_period_us").read_text()
        return int(quota) / int(period) if quota not in {"max", "-1"} else 1e9
    except (OSError, ValueError):
        return 1e9
