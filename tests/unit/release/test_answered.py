"""What each slot has answered, as nginx's log exporter tells it."""

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from proxy.exporter.access_log import Kind, Response
from proxy.exporter.metrics import ResponseMetrics
from release.traffic.answered import AnsweredPredictions, CannotCount, parse
from release.traffic.confirmation import Answered
from service.slots import CANDIDATE, STABLE


def exported(*responses: tuple[str, Kind, int]) -> str:
    """Return what the exporter shows after these answers."""
    registry = CollectorRegistry()
    metrics = ResponseMetrics(registry)
    for slot, kind, status in responses:
        metrics.count(Response(slot, kind, status, 0.01, None))
    return generate_latest(registry).decode()


def asking(status: int, text: str = "") -> AnsweredPredictions:
    """Ask an exporter that answers this."""
    transport = httpx.MockTransport(lambda _: httpx.Response(status, text=text))
    return AnsweredPredictions("http://exporter", transport)


async def test_users_predictions_are_counted_by_slot() -> None:
    """Of all protocols and statuses; what the split did not send is none of them."""
    text = exported(
        (STABLE, "predict", 200),
        (STABLE, "infer", 200),
        (CANDIDATE, "predict", 500),
        *((CANDIDATE, kind, 200) for kind in ("shadow", "test", "forced", "direct", "other")),
        ("shared", "predict", 502),
    )
    assert await asking(200, text)() == Answered(stable=2, candidate=1)


@pytest.mark.parametrize(("status", "text"), [(500, ""), (200, "up 1\n"), (200, "{")])
async def test_what_cannot_be_counted_is_said(status: int, text: str) -> None:
    """A number that is not known is never 0."""
    with pytest.raises(CannotCount, match="exporter"):
        await asking(status, text)()


def test_a_restart_of_the_counting_is_seen() -> None:
    """Fewer than before is no difference."""
    before = Answered(10, 5)
    assert Answered(12, 6).since(before) == Answered(2, 1)
    assert Answered(12, 0).since(before) is None
    assert parse(exported()) == Answered(0, 0)
