"""retraining/drift_alert.py: Prometheus says on which slots drift is detected."""

from collections.abc import Callable

import httpx
import pytest

from retraining.drift_alert import QUERY, DriftAlert


def alert(answer: Callable[[httpx.Request], httpx.Response]) -> DriftAlert:
    return DriftAlert("http://prometheus", httpx.MockTransport(answer))


def test_the_slots_are_those_of_the_firing_alerts() -> None:
    """Each once, whatever its model."""
    slots = ("model_server", "model_server", "model_server_new")
    results = [{"metric": {"slot": slot}, "value": [0, "1"]} for slot in slots]

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.params["query"] == QUERY
        return httpx.Response(200, json={"status": "success", "data": {"result": results}})

    assert alert(answer).slots() == {"model_server", "model_server_new"}


@pytest.mark.parametrize(
    "answer", [httpx.Response(503), httpx.Response(200, text="x"), httpx.Response(200, json={"data": {}})]
)
def test_without_an_answer_nothing_drifts(answer: httpx.Response) -> None:
    """What is not known begins no run."""
    assert alert(lambda _: answer).slots() == frozenset()


def test_a_prometheus_that_is_away_begins_no_run() -> None:
    """It is asked again."""

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    assert alert(away).slots() == frozenset()
