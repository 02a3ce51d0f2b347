"""What a client sees through nginx."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import httpx
import pytest

from tests.stack.client import DETECTORS, NGINX, SLOTS, images, predict, query, wait_for

pytestmark = pytest.mark.usefixtures("stack")


def test_each_request_goes_to_the_next_slot() -> None:
    """Equal weights: of 20 requests each slot answers 10, in turn."""
    slots = [predict().headers["x-slot"] for _ in range(20)]
    assert Counter(slots) == dict.fromkeys(SLOTS, 10)
    assert all(first != second for first, second in pairwise(slots))


@pytest.mark.parametrize("slot", SLOTS)
def test_a_slots_own_port_asks_that_slot(slot: str) -> None:
    """Ports 8000 and 8001 do not split."""
    assert {predict(SLOTS[slot]).headers["x-slot"] for _ in range(4)} == {slot}


def test_an_answer_is_in_the_contracts_form() -> None:
    """The request id goes all the way, body and headers agree."""
    response = predict(headers={"X-Request-ID": "from-the-client"})
    answer = response.json()
    assert answer["request_id"] == response.headers["x-request-id"] == "from-the-client"
    assert answer["slot"] == response.headers["x-slot"]
    assert answer["model"] == response.headers["x-model"]
    assert answer["version"] == response.headers["x-model-version"]
    assert answer["probability"] == answer["probabilities"][answer["likely_class"]]
    assert set(answer["probabilities"]) == {"apple", "grapes", "lemon"}


def test_a_raw_body_is_answered_as_a_form_is() -> None:
    """The image's bytes with their type are enough."""
    data, base = images("test")[1], SLOTS["model_server"]
    headers = {"Content-Type": "image/jpeg"}
    raw = httpx.post(f"{base}/predict", content=data, headers=headers, timeout=30).json()
    form = predict(base, data).json()
    assert raw["likely_class"] == form["likely_class"]
    assert raw["probability"] == pytest.approx(form["probability"], abs=1e-4)
    assert set(raw) == set(form)


def test_several_files_are_answered_in_their_order() -> None:
    """One request, a list of answers, each as if the image had come alone."""
    base, asked = SLOTS["model_server"], images("test")[:6]
    files = [("file", (f"{number}.jpg", data, "image/jpeg")) for number, data in enumerate(asked)]
    answers = httpx.post(f"{base}/predict", files=files, timeout=30).json()
    assert [one["filename"] for one in answers] == [name for _, (name, _, _) in files]
    alone = [predict(base, data).json()["likely_class"] for data in asked]
    assert [one["likely_class"] for one in answers] == alone


@pytest.mark.parametrize("slot", SLOTS)
def test_a_slot_speaks_the_open_inference_protocol(slot: str) -> None:
    """Ready, described and, where the model is another, refused in the protocol's form."""
    base, name = SLOTS[slot], predict(SLOTS[slot]).headers["x-model"]
    assert httpx.get(f"{base}/v2/health/ready").status_code == 200
    assert httpx.get(f"{base}/v2/models/{name}").json()["inputs"][0]["datatype"] == "BYTES"
    refused = httpx.get(f"{base}/v2/models/another")
    assert refused.status_code == 404
    assert set(refused.json()) == {"error"}


@pytest.mark.parametrize("slot", SLOTS)
@pytest.mark.parametrize(
    "series", ["inference_batch_size_count", "inference_queue_seconds_count", "inference_queue_depth"]
)
def test_prometheus_knows_how_requests_wait(slot: str, series: str) -> None:
    """Batches and the queue can be watched for each slot."""
    wait_for(f"{series} of {slot}", lambda: query(f'{series}{{slot="{slot}"}}'), 20)


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"x" * (11 * 2**20), "image/jpeg", 413),
        (b"no image", "image/jpeg", 415),
        (b"no image", "text/plain", 415),
        (b"", "fake_server_error/x", 500),
    ],
)
def test_a_refusal_is_a_problem_document(data: bytes, content_type: str, status: int) -> None:
    """Whoever refuses, nginx or the server, the form is the same."""
    response = predict(data=data, content_type=content_type)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"] == response.headers["x-request-id"]


def test_a_truncated_photo_costs_no_one_else_anything() -> None:
    """Good requests among bad ones are all answered."""
    good, bad = images("test")[0], images("test")[0][:500]
    with ThreadPoolExecutor(16) as pool:
        responses = list(pool.map(lambda data: predict(data=data).status_code, [good, bad] * 40))
    assert responses == [200, 415] * 40


def test_metrics_are_not_for_the_public() -> None:
    """Port 80 serves people; Prometheus asks the slots themselves."""
    assert httpx.get(f"{NGINX}/metrics").status_code == 404


@pytest.mark.parametrize("slot", DETECTORS)
def test_a_batch_can_be_scored_by_hand(slot: str) -> None:
    """The detector answers in the contract's form and says what is wrong with a wrong batch."""
    url = f"{DETECTORS[slot]}/driftdetect"
    response = httpx.post(url, json={"p_value_threshold": 0.05, "batch": [[0.0, 1.0]] * 2}, timeout=30)
    assert response.status_code == 422
    found = re.search(r"Send the (\d+)", response.json()["detail"])
    assert found
    width = int(found[1])
    batch = [[float((row * column) % 7) for column in range(width)] for row in range(1, 41)]
    answer = httpx.post(url, json={"p_value_threshold": 0.05, "batch": batch}, timeout=30).json()
    assert set(answer) == {"p_value", "distance", "threshold", "drift", "n", "features"}
    assert answer["drift"] is True
    assert answer["n"] == 40
