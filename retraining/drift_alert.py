"""On which slots drift is detected: Prometheus' own alert, whose rule is the dashboards' too."""

import logging

import httpx
from pydantic import BaseModel, ValidationError

QUERY = 'ALERTS{alertname="DriftDetected", alertstate="firing"}'

logger = logging.getLogger(__name__)


class _Result(BaseModel):
    metric: dict[str, str]


class _Data(BaseModel):
    result: list[_Result]


class _Answer(BaseModel):
    data: _Data


class DriftAlert:
    """Asks at a URL."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(base_url=url, timeout=5.0, trust_env=False, transport=transport)

    def slots(self) -> frozenset[str]:
        """Return the slots for which it fires; none where Prometheus does not answer."""
        try:
            answer = self._client.get("/api/v1/query", params={"query": QUERY})
            answer.raise_for_status()
            found = _Answer.model_validate_json(answer.content).data.result
        except (httpx.HTTPError, ValidationError) as error:
            logger.debug("Prometheus does not say whether there is drift: %s", error)
            return frozenset()
        return frozenset(one.metric.get("slot", "") for one in found)
