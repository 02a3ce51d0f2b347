"""wrk: as many requests as a number of connections gets answered in some seconds."""

# ruff: noqa: S603 - this module starts a program, and no stranger names it

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmark.load.bodies import Bodies
from benchmark.load.outcome import LoadFailed, Outcome

SCRIPT = Path(__file__).with_name("post.lua")
TIMEOUT_SECONDS = 30


def run_wrk(url: str, bodies: Bodies, concurrency: int, seconds: int) -> Outcome:
    """Load a URL.

    Raises:
        LoadFailed: wrk ended with an error.
    """
    done = subprocess.run(
        command(url, bodies, concurrency, seconds), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LoadFailed(f"wrk: {(done.stderr or done.stdout).strip()[-300:]}")
    return parse_wrk(done.stdout)


def command(url: str, bodies: Bodies, concurrency: int, seconds: int) -> Sequence[str]:
    """Return wrk's command line: one thread, so that the servers keep the cores."""
    return [
        "wrk",
        "--threads=1",
        f"--connections={concurrency}",
        f"--duration={seconds}s",
        f"--timeout={TIMEOUT_SECONDS}s",
        f"--script={SCRIPT}",
        url,
        "--",
        bodies.content_type,
        *map(str, bodies.files),
    ]


def parse_wrk(output: str) -> Outcome:
    """Read the line that post.lua prints.

    Raises:
        LoadFailed: there is none.
    """
    lines = [line for line in output.splitlines() if line.startswith('{"seconds"')]
    if not lines:
        raise LoadFailed(f"wrk printed no result: {output.strip()[-300:]}")
    totals = json.loads(lines[-1])
    failures = sum(totals[name] for name in ("non_2xx", "connect", "read", "write", "timeout"))
    return Outcome(
        seconds=totals["seconds"],
        succeeded=totals["succeeded"],
        failures=failures,
        p50_milliseconds=totals["p50_milliseconds"],
        p99_milliseconds=totals["p99_milliseconds"],
    )
