"""How many predictions each slot has answered to users, as nginx counts them: without a scrape's delay."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

from release.traffic.confirmation import Answered
from service.slots import CANDIDATE, SLOTS, STABLE

COUNTER = "nginx_responses_total"
KINDS = frozenset({"predict", "infer"})  # users' predictions that the split sent
SECONDS = 3.0


class CannotCount(Exception):
    """What counts nginx's answers does not answer; the message says why."""


class AnsweredPredictions:
    """Asks nginx's log exporter."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=SECONDS, trust_env=False, transport=transport)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def __call__(self) -> Answered:
        """Return the counts; raises CannotCount."""
        try:
            response = await self._client.get("/metrics")
            response.raise_for_status()
            return parse(response.text)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise CannotCount(f"{self._client.base_url}: {error!r}") from error


def parse(text: str) -> Answered:
    """Return the counts in the exporter's metrics; ValueError where these are none."""
    counts = dict.fromkeys(SLOTS, 0)
    samples = [
        one
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if one.name == COUNTER
    ]
    if not samples:
        raise ValueError(f"it does not tell {COUNTER}")
    for one in samples:
        if one.labels["kind"] in KINDS and one.labels["slot"] in counts:
            counts[one.labels["slot"]] += int(one.value)
    return Answered(counts[STABLE], counts[CANDIDATE])
