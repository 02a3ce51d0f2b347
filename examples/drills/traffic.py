"""Users: they send images at a steady rate, wait for each answer, and tell the true label of some."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, cycle
from random import Random
from types import TracebackType
from typing import Self

import httpx

from examples.drills.drills import Dirty, Load
from examples.drills.images import Image, Images
from examples.drills.outcome import Requests
from service.slots import CANDIDATE

MOST_AT_ONCE = 200  # requests under way; where these all wait, nobody else comes
TIMEOUT_SECONDS = 30.0
LABELS_EVERY_SECONDS = 2.0  # a prediction is in the database a moment after its answer
MOST_LABELS = 200  # at once


@dataclass(frozen=True)
class Sent:
    """A request that is to be sent: whose, and which image."""

    visitor: str
    image: Image


class Choice:
    """Chooses who sends what next; `seen` learns which slot a visitor meets. No I/O."""

    def __init__(self, load: Load, images: Images, seed: int = 0) -> None:
        self.dirty: Dirty = "nobody"
        self._load = load
        self._random = Random(seed)
        self._clean, self._damaged = cycle(images.clean), cycle(images.damaged)
        self._met: dict[str, str] = {}

    def next(self) -> Sent:
        """Return the next request."""
        visitor = f"drill-{self._random.randrange(self._load.visitors)}" if self._load.visitors else ""
        is_dirty = self.dirty == "all" or (self.dirty == "candidate" and self._met.get(visitor) == CANDIDATE)
        return Sent(visitor, next(self._damaged if is_dirty else self._clean))

    def seen(self, visitor: str, slot: str) -> None:
        """Note which slot has answered a visitor."""
        if visitor:
            self._met[visitor] = slot

    def tells_label(self) -> bool:
        """Return whether the true label of the next answer is told."""
        return self._random.random() < self._load.labelled


class Traffic:
    """Sends until the block ends; a request fails where it is answered with anything but 200."""

    def __init__(
        self, url: str, load: Load, images: Images, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.choice = Choice(load, images)
        self.failures: Counter[str] = Counter()
        self.slots: Counter[str] = Counter()
        self.labels_told = 0
        self._sent = 0
        self._load = load
        self._labels: list[tuple[str, str]] = []
        self._client = httpx.AsyncClient(
            base_url=url,
            timeout=TIMEOUT_SECONDS,
            transport=transport,
            limits=httpx.Limits(max_connections=MOST_AT_ONCE),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(one()) for one in (self._send_all, self._tell_labels)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        await self._client.aclose()

    @property
    def requests(self) -> Requests:
        """Return what was sent and answered so far."""
        return Requests(self._sent, self.failures.total(), self.slots[CANDIDATE], dict(self.failures))

    async def _send_all(self) -> None:
        """Send each request when its time has come, whatever became of those before."""
        loop = asyncio.get_running_loop()
        under_way: set[asyncio.Task[None]] = set()
        try:
            for due in _times(loop.time, self._load.requests_per_second):
                await asyncio.sleep(due - loop.time())
                while len(under_way) >= MOST_AT_ONCE:
                    await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                task = asyncio.create_task(self._send(self.choice.next()))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
        finally:
            if under_way:
                await asyncio.wait(under_way)

    async def _send(self, sent: Sent) -> None:
        headers = {"Content-Type": "image/jpeg"}
        if sent.visitor:
            headers["X-User-Id"] = sent.visitor
        self._sent += 1
        try:
            response = await self._client.post("/predict", content=sent.image.data, headers=headers)
        except httpx.HTTPError as error:
            self.failures[type(error).__name__] += 1
            return
        slot = response.headers.get("x-slot", "nobody")
        self.slots[slot] += 1
        self.choice.seen(sent.visitor, slot)
        if response.status_code != 200:
            self.failures[f"{response.status_code} from {slot}"] += 1
        elif self.choice.tells_label():
            self._labels.append((response.json()["request_id"], sent.image.label))

    async def _tell_labels(self) -> None:
        while True:
            await asyncio.sleep(LABELS_EVERY_SECONDS)
            told, self._labels = self._labels[:MOST_LABELS], self._labels[MOST_LABELS:]
            if not told:
                continue
            lines = [json.dumps({"request_id": name, "label": label}) for name, label in told]
            headers = {"Content-Type": "application/x-ndjson"}
            try:
                response = await self._client.post("/feedback", content="\n".join(lines), headers=headers)
                self.labels_told += response.raise_for_status().json()["accepted"]
            except httpx.HTTPError:
                self._labels[:0] = told  # the database is away: later


def _times(now: Callable[[], float], per_second: float) -> Iterator[float]:
    """Yield when each request is due."""
    began = now()
    return (began + number / per_second for number in count())
