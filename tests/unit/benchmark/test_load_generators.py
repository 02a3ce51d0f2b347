"""What wrk and hey print is read as they mean it."""

import pytest

from benchmark.load.hey import parse_hey
from benchmark.load.outcome import LoadFailed
from benchmark.load.wrk import parse_wrk

WRK = """Running 8s test @ http://127.0.0.1:8000/predict
  1 threads and 64 connections
  Requests/sec:    478.10

{"seconds": 8.0, "succeeded": 3800, "non_2xx": 20, "connect": 1, "read": 2, "write": 3, "timeout": 4, \
"p50_milliseconds": 130.5, "p99_milliseconds": 212.25}
"""
HEY = """response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset
0.1000,0.0001,0.0000,0.0004,0.0040,0.0002,200,0.0000
0.2000,0.0001,0.0000,0.0004,0.0040,0.0002,200,0.5000
0.3000,0.0001,0.0000,0.0004,0.0040,0.0002,200,0.7000
0.0100,0.0001,0.0000,0.0004,0.0040,0.0002,503,1.9900
"""


def test_wrk_failures_are_all_that_is_no_2xx_answer() -> None:
    """Other answers, lost connections and timeouts count together, and only 2xx answers as success."""
    outcome = parse_wrk(WRK)
    assert (outcome.succeeded, outcome.failures) == (3800, 30)
    assert (outcome.p50_milliseconds, outcome.p99_milliseconds) == (130.5, 212.25)


def test_wrk_without_its_line_has_failed() -> None:
    """A run whose script broke is an error with wrk's words, not a row of zeros."""
    with pytest.raises(LoadFailed, match="unable to connect"):
        parse_wrk("unable to connect to 127.0.0.1:1 Connection refused")


def test_hey_is_read() -> None:
    """2xx answers succeed; others, and requests without a line, fail; the last answer ends the time."""
    outcome = parse_hey(HEY, 10)
    assert (outcome.succeeded, outcome.failures, outcome.seconds) == (3, 7, 2.0)
    assert (outcome.p50_milliseconds, outcome.p99_milliseconds) == (200, 300)


def test_hey_without_an_answer_has_failed() -> None:
    """A server that is not there is an error, not a row of zeros."""
    with pytest.raises(LoadFailed, match="no answers"):
        parse_hey(HEY.splitlines()[0], 10)
