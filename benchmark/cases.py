"""What is measured: image sizes and concurrencies with wrk, fixed numbers of requests with hey."""

from dataclasses import dataclass
from typing import Literal

REGRESSOR = "regressor"
SIZES = ("150 px", "640 px", "12 MP")
CONCURRENCIES = (1, 64, 200)


@dataclass(frozen=True)
class Case:
    """One cell: what is sent, by how many at once; `requests` is set where hey sends a fixed number."""

    payload: str
    concurrency: int
    requests: int = 0

    @property
    def tool(self) -> Literal["wrk", "hey"]:
        """Return the load generator of the case."""
        return "hey" if self.requests else "wrk"

    @property
    def name(self) -> str:
        """Return the case as a person says it."""
        if self.requests:
            return f"{self.payload}, {self.requests:,} requests from {self.concurrency} users"
        return f"{self.payload}, {self.concurrency} at once"


MAIN = Case("640 px", 64)
TEN_THOUSAND = Case("640 px", 200, 10_000)
MATRIX = tuple(Case(size, concurrency) for size in SIZES for concurrency in CONCURRENCIES)
OF_REGRESSOR = (Case(REGRESSOR, 100, 1_000), Case(REGRESSOR, 200, 10_000))
EVERY = (*MATRIX, TEN_THOUSAND, *OF_REGRESSOR)


def cases_of_round(number: int, *, quick: bool) -> tuple[Case, ...]:
    """Return a round's image cases: all in the first, then only the main one, whose median counts."""
    if quick or number > 1:
        return (MAIN,)
    others = tuple(case for case in MATRIX if case != MAIN)
    return (MAIN, *others, TEN_THOUSAND)
