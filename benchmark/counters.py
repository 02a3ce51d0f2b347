"""Our server's own counters: were the samples written, or dropped to be fast?"""

import re
import urllib.request

from benchmark.measurement import Samples


def read_samples(metrics_url: str, system: str, round_number: int) -> Samples:
    """Return what a server's metrics say of its samples."""
    with urllib.request.urlopen(metrics_url, timeout=10) as answer:  # noqa: S310 - our own loopback URL
        text = answer.read().decode()
    written, dropped = total("samples_written_total", text), total("samples_dropped_total", text)
    return Samples(system, round_number, int(written), int(dropped))


def total(metric: str, text: str) -> float:
    """Return the sum of a metric's series in Prometheus' text form."""
    return sum(float(found) for found in re.findall(rf"^{metric}(?:{{[^}}]*}})? (\S+)$", text, re.M))
