"""Prometheus, asked for the newest values of counters."""

from typing import Any

import httpx
from pydantic import BaseModel, ValidationError

from release.counters import Counters, Series

SECONDS = 2.0  # a person's order waits for a look that is under way


class SignalLost(Exception):
    """There is no answer that could be judged; the message says why."""


class _Result(BaseModel):
    metric: dict[str, str]
    value: tuple[float, str]


class _Data(BaseModel):
    result: list[_Result]


class _Answer(BaseModel):
    status: str
    data: _Data


class Prometheus:
    """Asks instant queries of one address."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=SECONDS, trust_env=False, transport=transport)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def counters(self, query: str) -> Counters:
        """Return a query's series with their values as they are.

        Raises:
            SignalLost: Prometheus is away, refuses, or has no such series now.
        """
        try:
            response = await self._client.get("/api/v1/query", params={"query": query})
            response.raise_for_status()
            answer = _Answer.model_validate_json(response.content)
        except httpx.HTTPStatusError as error:
            raise SignalLost(f"Prometheus answered {error.response.status_code} to {query}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SignalLost(f"Prometheus does not answer: {error!r}") from error
        except ValidationError as error:
            raise SignalLost(f"Prometheus' answer to {query} cannot be read") from error
        if not answer.data.result:
            raise SignalLost(f"Prometheus has nothing for {query}: is what counts it running, and scraped?")
        return {_series(one.metric): float(one.value[1]) for one in answer.data.result}


def _series(metric: dict[str, Any]) -> Series:
    labels = frozenset((name, value) for name, value in metric.items() if name != "__name__")
    return Series(metric.get("__name__", ""), labels)
