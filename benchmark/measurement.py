"""What one measurement found out, and what each system is: the rows of the results."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmark.cases import Case

DISTURBED = 0.05  # of the cores: beyond it, a rate says nothing


def disturbance(others: float) -> str:
    """Return a remark where others took too much of the machine, else nothing."""
    return f" (disturbed: others took {others:.0%} of the cores)" if others > DISTURBED else ""


@dataclass(frozen=True)
class Measurement:
    """One cell of one round. `requests` counts the 2xx answers, `failures` everything else."""

    system: str
    case: Case
    round: int
    seconds: float
    requests: int
    failures: int
    p50_milliseconds: float
    p99_milliseconds: float
    memory_megabytes: float
    others: float = 0.0  # the share of the cores that others took meanwhile

    @property
    def per_second(self) -> float:
        """Return the 2xx answers per second."""
        return self.requests / self.seconds if self.seconds else 0.0

    @property
    def line(self) -> str:
        """Return the cell as a line of progress."""
        return (
            f"{self.case.name}: {self.per_second:.0f}/s, p50 {self.p50_milliseconds:.0f} ms, "
            f"p99 {self.p99_milliseconds:.0f} ms, {self.failures} failures, {self.memory_megabytes:.0f} MB"
            f"{disturbance(self.others)}"
        )


@dataclass(frozen=True)
class Limit:
    """One run of the bare loop."""

    decoder: str
    payload: str
    batch: int
    round: int
    per_second: float
    others: float = 0.0


@dataclass(frozen=True)
class Start:
    """How long a system took until it was ready."""

    system: str
    seconds: float


@dataclass(frozen=True)
class Samples:
    """What our server says of its samples after a trial: written, or dropped as their queue was full."""

    system: str
    round: int
    written: int
    dropped: int


@dataclass(frozen=True)
class Description:
    """A system as the report describes it."""

    name: str
    title: str
    what: str
    settings: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
