"""Draw records at a steady rate and send them, whatever the broker does."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from examples.world import World
from stream.producer.conditions import Conditions
from stream.producer.drawing import Drawing, Drawn, run_id
from stream.producer.metrics import DRAWING, ProducerMetrics
from stream.producer.pace import Pace
from stream.producer.sender import Sender
from stream.producer.worlds import NoWorld
from stream.topics import BrokerAway

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.1
PAUSE_SECONDS = 1.0


@dataclass
class Counts:
    """How many records were made, and how many of them are wrong."""

    made: int = 0
    damaged: int = 0
    mislabelled: int = 0


class Production:
    """Makes records under the conditions of the moment, in a thread of its own, and hands them to the sender.

    `choose` gives the world that is to be played now; `prepare` makes the topic where it is missing, and
    blocks. `fault` is why none are made.
    """

    def __init__(
        self,
        sender: Sender,
        metrics: ProducerMetrics,
        *,
        choose: Callable[[], World],
        prepare: Callable[[], object],
        rng: np.random.Generator,
    ) -> None:
        self._sender = sender
        self._metrics = metrics
        self._choose = choose
        self._prepare = prepare
        self._rng = rng
        self._pool = ThreadPoolExecutor(1, "drawing")
        self._changed = asyncio.Event()
        self._pace = Pace()
        self._drawing: Drawing | None = None
        self.conditions = Conditions()
        self.counts = Counts()
        self.fault: str | None = None

    @property
    def world(self) -> str | None:
        """Return the name of the world that is played; None where there is none yet."""
        return self._drawing.world.name if self._drawing else None

    def change(self, conditions: Conditions) -> None:
        """Go on under these conditions, in the world that there is now.

        Raises:
            NoWorld: records are wanted, and there is none.
        """
        try:
            world = self._choose()
        except NoWorld:
            if conditions.rate > 0:
                raise
        else:
            if world.name != self.world:
                self._drawing = Drawing(world, self._rng, run_id())
        if conditions != self.conditions:
            told = {"world": self.world, "conditions": conditions.model_dump()}
            logger.info("the world changes", extra=told)
        self.conditions = conditions
        self._changed.set()

    def start(self, rate: float) -> None:
        """Begin with so many records a second; where there is no world, say so and make none."""
        try:
            self.change(Conditions(rate=rate))
        except NoWorld as error:
            logger.warning("no records are made: %s", error)
            self.fault = str(error)

    async def run(self) -> None:
        """Make records until cancelled."""
        polling = asyncio.create_task(self._poll())
        try:
            await self._prepared()
            while True:
                try:
                    await self._step()
                except Exception:
                    logger.exception("a record could not be made")
                    self._metrics.count_failure(DRAWING)
                    await self._pause(PAUSE_SECONDS)
        finally:
            polling.cancel()
            self._pool.shutdown(wait=False)

    async def _prepared(self) -> None:
        """Wait until the topic is there, and records are wanted: a world that makes none needs no broker."""
        while True:
            while self.conditions.rate == 0:
                await self._pause(None)
            try:
                await asyncio.to_thread(self._prepare)
            except BrokerAway as error:
                if self.fault is None:
                    logger.warning("records wait: %s", error)
                self.fault = str(error)
                await self._pause(PAUSE_SECONDS)
            else:
                self.fault = None
                return

    async def _step(self) -> None:
        """Make the next record when it is due, or wait until something changes."""
        conditions, loop = self.conditions, asyncio.get_running_loop()
        if conditions.rate == 0 or self._drawing is None:
            self._pace.pause()
            await self._pause(None)
            return
        left = self._pace.seconds_left(loop.time(), conditions.rate)
        if left > 0:
            await self._pause(left)
            return
        drawn = await loop.run_in_executor(self._pool, self._drawing.draw, conditions)
        self._pace.made(conditions.rate)
        while not self._sender.send(drawn.record):  # noqa: ASYNC110 - the client tells of no room
            await asyncio.sleep(POLL_SECONDS)
        self._note(drawn)
        self.conditions = self.conditions.after_one()  # not `conditions`: they may have changed meanwhile

    def _note(self, drawn: Drawn) -> None:
        self.counts.made += 1
        self.counts.damaged += drawn.damage is not None
        self.counts.mislabelled += drawn.is_mislabelled

    async def _pause(self, seconds: float | None) -> None:
        """Wait so long, or until the conditions change."""
        self._changed.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    async def _poll(self) -> None:
        """Hear from the broker."""
        while True:
            self._sender.poll()
            await asyncio.sleep(POLL_SECONDS)
