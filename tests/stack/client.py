"""What a user does with the stack: send images, ask for results and metrics, wait for things to come true."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import cycle
from typing import Any, Self, TypeVar

import httpx

from service.slots import CANDIDATE, STABLE
from tests.cleartext import NO_TLS
from tests.stack.project import PROJECT, SETTINGS


def at(port: int) -> str:
    """Return the address of a port of the stack's."""
    return f"http://{SETTINGS.reach}:{port}"


NGINX = at(SETTINGS.http_port)
SLOTS = {
    STABLE: at(SETTINGS.model_server_port),
    CANDIDATE: at(SETTINGS.model_server_new_port),
}
DETECTORS = {
    STABLE: at(SETTINGS.drift_detector_port),
    CANDIDATE: at(SETTINGS.drift_detector_new_port),
}
PROMETHEUS = at(SETTINGS.prometheus_port)
ALERTMANAGER = at(SETTINGS.alertmanager_port)
DASHBOARDS = at(SETTINGS.grafana_port)
JOB_SERVER = at(SETTINGS.job_server_port)
WORLD = f"{at(SETTINGS.stream_producer_port)}/world"
TIMEOUT_SECONDS = 30

T = TypeVar("T")


@cache
def images(split: str) -> tuple[bytes, ...]:
    """Return the demo images of a split, the classes taking turns."""
    columns = [
        sorted(folder.glob("*.jpg"))
        for folder in sorted((PROJECT / "examples/fruit/images" / split).iterdir())
    ]
    return tuple(path.read_bytes() for row in zip(*columns, strict=False) for path in row)


def predict(
    base: str = NGINX,
    data: bytes | None = None,
    content_type: str = "image/jpeg",
    headers: dict[str, str] | None = None,
    client: httpx.Client | None = None,
) -> httpx.Response:
    """Send one image, over a connection of its own or a client's."""
    files = {"file": ("image.jpg", images("test")[0] if data is None else data, content_type)}
    if client:
        return client.post(f"{base}/predict", files=files, headers=headers)
    return httpx.post(f"{base}/predict", files=files, headers=headers, timeout=TIMEOUT_SECONDS, verify=NO_TLS)


def tell(request_id: str, label: str, base: str = NGINX) -> httpx.Response:
    """Send the true label of a prediction."""
    body = {"request_id": request_id, "label": label}
    return httpx.post(f"{base}/feedback", json=body, timeout=TIMEOUT_SECONDS, verify=NO_TLS)


def share_of_new(count: int = 20) -> float:
    """Return the candidate's share of so many requests through nginx."""
    slots = Counter(predict().headers["x-slot"] for _ in range(count))
    return slots["model_server_new"] / count


def query(expression: str) -> list[dict[str, Any]]:
    """Return Prometheus' answer to an instant query."""
    url, asked = f"{PROMETHEUS}/api/v1/query", {"query": expression}
    response = httpx.get(url, params=asked, timeout=TIMEOUT_SECONDS, verify=NO_TLS)
    answer = response.json()
    assert answer["status"] == "success", f"{expression}: {answer}"
    result: list[dict[str, Any]] = answer["data"]["result"]
    return result


def total(expression: str) -> float:
    """Return the sum over the series of an instant query."""
    return sum(float(series["value"][1]) for series in query(expression))


def wait_for(what: str, condition: Callable[[], T], seconds: float) -> T:
    """Return the condition's first true answer; fail with `what` after the time."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return answer


def answers(url: str) -> bool:
    """Tell whether a URL answers with success."""
    try:
        return httpx.get(url, timeout=5, verify=NO_TLS).status_code == 200
    except httpx.TransportError:
        return False


@dataclass
class Load:
    """Requests sent by several clients without a pause; every answer is kept."""

    clients: int = 4
    keep_alive: bool = False  # a connection for each client, in place of one for each request
    statuses: Counter[int | str] = field(default_factory=Counter)
    slots: Counter[str] = field(default_factory=Counter)
    versions: Counter[tuple[str, str]] = field(default_factory=Counter)
    slowest_seconds: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._send) for _ in range(self.clients)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for_answers(self, count: int, seconds: float = 30) -> None:
        """Wait until so many more requests have been answered."""
        target = self.statuses.total() + count
        wait_for(f"{count} answers under load", lambda: self.statuses.total() >= target, seconds)

    def _send(self) -> None:
        with httpx.Client(timeout=TIMEOUT_SECONDS, verify=NO_TLS) as client:
            for data in cycle(images("test")):
                if self._stop.is_set():
                    return
                self._ask(data, client if self.keep_alive else None)

    def _ask(self, data: bytes, client: httpx.Client | None) -> None:
        started = time.monotonic()
        try:
            response = predict(data=data, client=client)
            self.statuses[response.status_code] += 1
            slot = response.headers.get("x-slot", "nobody")
            self.slots[slot] += 1
            self.versions[slot, response.headers.get("x-model-version", "none")] += 1
        except httpx.TransportError as error:
            self.statuses[repr(error)] += 1
        self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - started)


@contextmanager
def edited_split(old: str, new: str) -> Iterator[None]:
    """Edit nginx/default.conf as a person would, and put it back."""
    path = PROJECT / "nginx/default.conf"
    shipped = path.read_text()
    assert old in shipped
    path.write_text(shipped.replace(old, new))
    try:
        yield
    finally:
        path.write_text(shipped)
