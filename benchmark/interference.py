"""Was the machine ours? How much of its cores others took while we measured.

A rate that was measured beside somebody else's work says nothing, and the error goes in either direction: the
limit itself may have been the one that was disturbed.
"""

import os
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from benchmark.running import Running


@dataclass(frozen=True)
class CpuReading:
    """CPU seconds so far: of the whole machine, and of what belongs to the benchmark."""

    clock: float
    machine: float
    ours: float


def read_cpu(watched: Sequence[Running] = ()) -> CpuReading:
    """Read both. Load generators and bare loops count once they have ended, servers while they run."""
    times = psutil.cpu_times()
    stolen = getattr(times, "steal", 0.0)  # what a virtual machine was not given counts as others'
    of_servers = sum(cpu_seconds(process) for one in watched for process in one.processes())
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = os.times()
    ours = of_servers + ended.ru_utime + ended.ru_stime + own.user + own.system
    return CpuReading(time.monotonic(), times.user + times.nice + times.system + stolen, ours)


def share_of_others(before: CpuReading, after: CpuReading, cores: int) -> float:
    """Return which share of the cores others took between two readings, 0 to 1."""
    seconds = (after.machine - before.machine) - (after.ours - before.ours)
    available = (after.clock - before.clock) * cores
    return min(1.0, max(0.0, seconds / available)) if available else 0.0


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU seconds of a process, 0 if it has ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
