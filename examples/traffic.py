"""Send requests to the stack and read its answers, as a client does."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from requests import Request, RequestException, Session
from tqdm import tqdm

from examples.errors import root_cause

CLIENTS = 4
TIMEOUT_SECONDS = 30


class StackError(Exception):
    """The stack cannot be reached, or does not do what was asked; the message says what."""


def send_predictions(requests: Sequence[Request], title: str) -> None:
    """Send the requests, a few at a time; a progress bar shows how many of them each slot answered.

    Raises:
        StackError: a request was not answered with success.
    """
    slots: Counter[str] = Counter()
    with (
        ThreadPoolExecutor(CLIENTS) as pool,
        tqdm(pool.map(read_json, requests), title, len(requests), unit="prediction") as predictions,
    ):
        for prediction in predictions:
            slots[prediction["slot"]] += 1
            predictions.set_postfix(slots, refresh=False)


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
