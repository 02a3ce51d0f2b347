"""What a load generator says of one run."""

from dataclasses import dataclass


class LoadFailed(Exception):
    """The load generator did not run to its end; the message is its own."""


@dataclass(frozen=True)
class Outcome:
    """`succeeded` counts 2xx answers; `failures` all other answers and all that got none."""

    seconds: float
    succeeded: int
    failures: int
    p50_milliseconds: float
    p99_milliseconds: float
