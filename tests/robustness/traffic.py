"""Requests of ordinary people: sent at a steady rate, or by clients that each wait for their answer."""

import base64
import io
import json
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from random import Random
from threading import Event, Thread
from typing import Self

from PIL import Image

from tests.robustness.figures import Outcomes
from tests.robustness.wire import (
    FAILURES,
    Address,
    Answer,
    Connection,
    file_part,
    form,
    form_type,
    request,
    upload,
)

PATIENCE_SECONDS = 10.0  # an answer that takes longer is lost
MOST_AT_ONCE = 512
MANY = 10  # requests, so that each slot has answered one
SIZES = ((64, 48), (320, 240), (640, 480), (1280, 960), (3000, 2000))


@cache
def photo(width: int = 320, height: int = 240, seed: int = 0, quality: int = 85) -> bytes:
    """Return a JPEG with some detail."""
    random, file = Random(seed), io.BytesIO()
    small = Image.frombytes("RGB", (16, 12), random.randbytes(16 * 12 * 3))
    small.resize((width, height), Image.Resampling.BICUBIC).save(file, "JPEG", quality=quality)
    return file.getvalue()


def exchange(connection: Connection, sent: bytes, outcomes: Outcomes) -> Answer | None:
    """Send a request, count what came of it, and return the answer if there was one."""
    started = time.monotonic()
    answer = None
    try:
        answer = connection.exchange(sent)
        outcome = str(answer.status)
    except FAILURES as error:
        outcome = type(error).__name__
    outcomes.add(outcome, time.monotonic() - started)
    return answer


def send_once(address: Address, sent: bytes, outcomes: Outcomes, patience_seconds: float) -> None:
    """Send a request over a connection of its own."""
    with Connection(address, patience_seconds) as connection:
        exchange(connection, sent, outcomes)


def mixed(models: Collection[str]) -> Callable[[Random], bytes]:
    """Return what makes the requests of many people: photos of several sizes, forms of several, inference.

    Inference only where there is one model: its path names it, and the split sends it to any slot.
    """
    kinds: list[Callable[[Random], bytes]] = [
        lambda random: upload(any_photo(random)),
        lambda random: request("/predict", any_photo(random), "image/jpeg"),
        lambda random: request(
            "/predict", form([file_part(any_photo(random))] * random.randint(2, 5)), form_type()
        ),
    ]
    if len(models) == 1:
        (model,) = models
        kinds.append(lambda random: inference(model, any_photo(random)))
    return lambda random: random.choice(kinds)(random)


def any_photo(random: Random) -> bytes:
    """Return one of some photos, from a thumbnail to 6 megapixels."""
    return photo(*random.choices(SIZES, weights=range(len(SIZES), 0, -1))[0], seed=random.randrange(3))


def inference(model: str, image: bytes) -> bytes:
    """Return an inference request for an image."""
    data = [base64.b64encode(image).decode()]
    tensor = {"name": "image", "datatype": "BYTES", "shape": [1], "data": data}
    body = json.dumps({"inputs": [tensor]}).encode()
    return request(f"/v2/models/{model}/infer", body, "application/json")


def served_models(address: Address) -> set[str]:
    """Return the names of the models that answer there."""
    with Connection(address, PATIENCE_SECONDS) as connection:
        return {json.loads(connection.exchange(upload(photo())).body)["model"] for _ in range(MANY)}


def ordinary(address: Address, outcomes: Outcomes) -> None:
    """Send one small photo."""
    send_once(address, upload(photo()), outcomes, PATIENCE_SECONDS)


def at_rate(call: Callable[[], None], per_second: float, seconds: float, stop: Event | None = None) -> None:
    """Call at a steady rate, whether or not the earlier calls have returned; return when all have."""
    stop, started, calls = stop or Event(), time.monotonic(), round(per_second * seconds)
    with ThreadPoolExecutor(MOST_AT_ONCE) as threads:
        for number in range(calls):
            if stop.wait(max(0.0, started + number / per_second - time.monotonic())):
                return
            threads.submit(call)


class Clients:
    """Clients that send without a pause, each over its own connection, until the block ends."""

    def __init__(
        self,
        address: Address,
        count: int,
        requests: Callable[[Random], bytes],
        seed: int = 0,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.outcomes = Outcomes()
        self._patience = patience_seconds
        self._stop = Event()
        self._threads = [
            Thread(target=self._send, args=(address, requests, Random(f"{seed} {number}")))
            for number in range(count)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, address: Address, requests: Callable[[Random], bytes], random: Random) -> None:
        with Connection(address, self._patience) as connection:
            while not self._stop.is_set():
                if exchange(connection, requests(random), self.outcomes) is None:
                    self._stop.wait(0.05)  # refused connections would be counted by the thousand
