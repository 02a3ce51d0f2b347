"""The true labels of past predictions, told to the running stack."""

import json

import httpx
import pytest

from service.slots import SLOTS as SLOT_NAMES
from tests.cleartext import NO_TLS
from tests.stack.client import NGINX, SLOTS, images, predict, query, tell, total, wait_for

pytestmark = pytest.mark.usefixtures("stack")


@pytest.mark.parametrize("slot", SLOT_NAMES)
@pytest.mark.parametrize("told", SLOT_NAMES)
def test_whichever_slot_is_told_at_once_knows_the_prediction(slot: str, told: str) -> None:
    """Its sample is not written yet, and the other slot's process has never heard of it."""
    answer = predict(SLOTS[slot]).json()
    response = tell(answer["request_id"], "apple", SLOTS[told])
    assert response.status_code == 200, response.text
    assert response.headers["x-slot"] == told
    assert response.json()["slot"] == slot
    assert response.json()["predicted"] == answer["likely_class"]


def test_the_last_label_counts_whoever_was_told() -> None:
    """Through nginx each goes to another slot, and each is answered with what is stored then."""
    answer = predict().json()
    for label in ("lemon", "grapes", answer["likely_class"]):
        response = tell(answer["request_id"], label)
        assert response.status_code == 200
        assert (response.json()["label"], response.json()["correct"]) == (
            label,
            label == answer["likely_class"],
        )


def test_an_unknown_prediction_and_an_unknown_label_are_refused() -> None:
    """By the slot and through nginx with a problem document, within nginx's time."""
    known = predict().json()["request_id"]
    for request_id, label, status in (("never-seen", "apple", 404), (known, "pear", 422)):
        response = tell(request_id, label)
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"
    assert "apple, grapes, lemon" in response.json()["detail"]


def test_many_labels_come_as_lines_through_nginx() -> None:
    """It waits for them longer than for one; what is wrong with a line is said, the others are taken."""
    answers = [predict(data=data).json() for data in images("test")[:20]]
    lines = [{"request_id": one["request_id"], "label": one["likely_class"]} for one in answers]
    lines[7]["label"] = "pear"
    lines[9]["request_id"] = "never-seen"
    body = "\n".join(json.dumps(line) for line in lines)
    headers = {"Content-Type": "application/x-ndjson"}
    response = httpx.post(f"{NGINX}/feedback", content=body, headers=headers, timeout=30, verify=NO_TLS)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert (answer["accepted"], answer["refused"]) == (18, 2)
    assert [(one["line"], one["status"]) for one in answer["errors"]] == [(8, 422), (10, 404)]


@pytest.mark.parametrize("slot", SLOT_NAMES)
def test_prometheus_is_told_what_the_labels_say(slot: str) -> None:
    """Of the slot's model: how many came, how many were right, for what share, and how late."""
    served = predict(SLOTS[slot]).json()
    series = f'{{slot="{slot}",model="{served["model"]}",version="{served["version"]}"}}'

    def value(name: str) -> float:
        return total(f"{name}{series}")

    before = value("feedback_labels")
    for data in images("test")[:6]:
        answer = predict(SLOTS[slot], data).json()
        assert tell(answer["request_id"], answer["likely_class"]).status_code == 200
    wrong = predict(SLOTS[slot]).json()
    others = set(wrong["probabilities"]) - {wrong["likely_class"]}
    assert tell(wrong["request_id"], min(others)).status_code == 200

    def of_one_scrape() -> bool:
        labels, correct = value("feedback_labels"), value("feedback_correct")
        in_step = value("feedback_accuracy") == pytest.approx(correct / labels) if labels else False
        return in_step and labels >= before + 7 and 6 <= correct < labels

    wait_for(f"seven labels of {slot}, one of them wrong", of_one_scrape, 60)
    assert 0 < value("feedback_coverage_ratio") <= 1
    assert 0 < value("feedback_delay_seconds") < 60
    assert len(query(f"feedback_accuracy{series}")) == 1
