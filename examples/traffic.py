"""Send requests to the stack and read its answers, as a client does."""

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Any

from requests import Request, RequestException, Session
from tqdm import tqdm

from examples.errors import root_cause

CLIENTS = 4
TIMEOUT_SECONDS = 30
LABELS_AT_ONCE = 500


class StackError(Exception):
    """The stack cannot be reached, or does not do what was asked; the message says what."""


@dataclass(frozen=True)
class LabelledRequest:
    """A request for a prediction, and the true label where it is known."""

    request: Request
    label: str | None = None


def send_predictions(requests: Sequence[Request], title: str) -> list[Any]:
    """Send the requests, a few at a time, and return the answers in order.

    A progress bar shows how many of them each slot answered.

    Raises:
        StackError: a request was not answered with success.
    """
    slots: Counter[str] = Counter()
    answers = []
    with (
        ThreadPoolExecutor(CLIENTS) as pool,
        tqdm(pool.map(read_json, requests), title, len(requests), unit="prediction") as predictions,
    ):
        for prediction in predictions:
            slots[prediction["slot"]] += 1
            predictions.set_postfix(slots, refresh=False)
            answers.append(prediction)
    return answers


def choose_labels(
    requests: Sequence[LabelledRequest], predictions: Sequence[Any], share: float
) -> dict[str, str]:
    """Return the true labels of a share of the predictions by their request ids; the same ones every time."""
    random = Random(0)
    return {
        prediction["request_id"]: one.label
        for one, prediction in zip(requests, predictions, strict=True)
        if one.label is not None and random.random() < share
    }


def send_labels(url: str, labels: Mapping[str, str]) -> None:
    """Tell the stack the true labels of predictions, by their request ids; say of how many it took.

    Raises:
        StackError: it did not answer, or not with success.
    """
    lines = [json.dumps({"request_id": request_id, "label": label}) for request_id, label in labels.items()]
    for start in range(0, len(lines), LABELS_AT_ONCE):
        body = "\n".join(lines[start : start + LABELS_AT_ONCE])
        headers = {"Content-Type": "application/x-ndjson"}
        answer = read_json(Request("POST", f"{url}/feedback", data=body, headers=headers))
        why = f"; {answer['refused']} refused: {answer['errors'][0]['detail']}" if answer["refused"] else ""
        tqdm.write(f"{answer['accepted']} true labels told{why}", file=sys.stderr)


def read_json(request: Request) -> Any:
    """Return what a request is answered with.

    Raises:
        StackError: there is no answer, or it says that something is wrong.
    """
    try:
        with Session() as session:  # one for each: they are not made for several threads
            response = session.send(session.prepare_request(request), timeout=TIMEOUT_SECONDS)
        if response.ok:
            return response.json()
    except RequestException as error:
        raise StackError(f"{request.url} does not answer: {root_cause(error)}") from error
    raise StackError(f"{request.url} answered {response.status_code}: {response.text[:300]}")
