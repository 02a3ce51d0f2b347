"""Query Prometheus; an error becomes a sentence in the result, not an exception."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Span:
    """The time that a range query covers, in seconds since 1970."""

    start: int
    end: int
    step: int


@dataclass(frozen=True)
class Series:
    """The values of one set of labels; None where there is no number."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True)
class QueryResult:
    """What came back: series, or the reason why none could."""

    series: tuple[Series, ...] = field(default=())
    error: str | None = None


class Prometheus:
    """Prometheus' query API, and nothing else of it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def instant(self, expression: str, at: int) -> QueryResult:
        """Ask for the values at one time."""
        return await self._ask("/api/v1/query", {"query": expression, "time": str(at)})

    async def over(self, expression: str, span: Span) -> QueryResult:
        """Ask for the values over a time."""
        times = {"start": str(span.start), "end": str(span.end), "step": str(span.step)}
        return await self._ask("/api/v1/query_range", {"query": expression, **times})

    async def _ask(self, path: str, parameters: dict[str, str]) -> QueryResult:
        try:
            response = await self.client.post(path, data=parameters)
            body = response.json()
        except httpx.TimeoutException:
            return QueryResult(error=f"Prometheus did not answer within {TIMEOUT_SECONDS:.0f} s")
        except httpx.TransportError:
            return QueryResult(error="Prometheus cannot be reached")
        except ValueError:
            return QueryResult(error=f"Prometheus answered {response.status_code} without JSON")
        if body.get("status") != "success":
            return QueryResult(error=str(body.get("error", f"Prometheus answered {response.status_code}")))
        return QueryResult(tuple(_series(item) for item in body["data"]["result"]))


def open_client(url: str) -> httpx.AsyncClient:
    """Open a client that goes straight to Prometheus, whatever proxy the environment names."""
    return httpx.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False)


def _series(item: Mapping[str, Any]) -> Series:
    values = item["values"] if "values" in item else [item["value"]]
    return Series(item["metric"], tuple((float(at), _number(value)) for at, value in values))


def _number(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None
