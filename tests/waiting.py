"""Waiting for a condition."""

import time
from collections.abc import Callable


def until(what: str, condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for a condition, and fail when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
