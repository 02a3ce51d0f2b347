"""hey: a fixed number of requests from a number of users, each on a connection that is kept open."""

# ruff: noqa: S603, S607 - this module starts a program, and no stranger names it

import csv
import math
import subprocess
from collections.abc import Sequence

from benchmark.load.bodies import Bodies
from benchmark.load.outcome import LoadFailed, Outcome

TIMEOUT_SECONDS = 60


def run_hey(url: str, bodies: Bodies, concurrency: int, requests: int) -> Outcome:
    """Send the first body that many times.

    Raises:
        LoadFailed: hey ended with an error, or no request was answered.
    """
    load = ["-n", str(requests), "-c", str(concurrency), "-t", str(TIMEOUT_SECONDS), "-disable-compression"]
    what = ["-m", "POST", "-T", bodies.content_type, "-D", str(bodies.files[0]), "-o", "csv", url]
    done = subprocess.run(["hey", *load, *what], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LoadFailed(f"hey: {done.stderr.strip()[-300:]}")
    return parse_hey(done.stdout, requests)


def parse_hey(output: str, requests: int) -> Outcome:
    """Read hey's table of answers; a request without a line there got none.

    Raises:
        LoadFailed: there is no answer in it.
    """
    answers = [(float(row["response-time"]), row) for row in csv.DictReader(output.splitlines())]
    if not answers:
        raise LoadFailed(f"hey printed no answers: {output.strip()[-300:]}")
    succeeded = sorted(seconds for seconds, row in answers if row["status-code"].startswith("2"))
    return Outcome(
        seconds=max(float(row["offset"]) + seconds for seconds, row in answers),
        succeeded=len(succeeded),
        failures=requests - len(succeeded),
        p50_milliseconds=1000 * percentile(succeeded, 0.50),
        p99_milliseconds=1000 * percentile(succeeded, 0.99),
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of the values do not exceed; 0 of none."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else 0.0
