"""What people order of the traffic between releases: the split, which slot is production, the shadow."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from proxy.routing import Routing
from release.controller import Controller
from release.documents import Decision
from release.lifecycle import candidates_share
from release.split_file import EditedMeanwhile, SplitFile
from release.store import ReleaseStore
from release.traffic.answered import CannotCount
from release.traffic.confirmation import Answered
from service.slots import CANDIDATE, SLOTS, STABLE

logger = logging.getLogger(__name__)


class NothingToSwap(ValueError):
    """Both slots have the same weight, so that none of them is more production than the other."""


@dataclass(frozen=True)
class Order:
    """What is to become of the routing, in a word for the log, and who wants it, and why."""

    decision: str
    change: Callable[[Routing], Routing]
    who: str
    why: str


@dataclass(frozen=True)
class Situation:
    """Where requests go: as the file says it, and what nginx has made of it.

    `answered` counts users' predictions by the slot that answered them, since that began to be counted.
    """

    routing: Routing
    in_effect: bool
    answered: Answered | None

    @property
    def production(self) -> str:
        """Return the slot that people count on."""
        return production_of(self.routing.weights)

    @property
    def tested(self) -> str:
        """Return the slot that /test/predict asks, and that a shadow's copies are for."""
        return next(slot for slot in SLOTS if slot != self.production)


class Traffic:
    """Obeys orders about the traffic, one at a time, and never while a release decides over it."""

    def __init__(
        self,
        *,
        controller: Controller,
        store: ReleaseStore,
        split_file: SplitFile,
        in_effect: Callable[[], Awaitable[bool]],
        count: Callable[[], Awaitable[Answered]],
        now: Callable[[], datetime],
    ) -> None:
        self._controller = controller
        self._store = store
        self._split_file = split_file
        self._in_effect = in_effect
        self._count = count
        self._now = now

    async def view(self) -> Situation:
        """Return where requests go; CannotRead where the file does not say."""
        found = self._split_file.read_all()
        in_effect = await self._in_effect()
        try:
            answered = await self._count()
        except CannotCount as error:
            logger.warning("nginx's answers cannot be counted", extra={"reason": str(error)})
            answered = None
        return Situation(found, in_effect, answered)

    async def obey(self, order: Order) -> None:
        """Write down what is ordered, then do it: killed in between, the log says what was wanted.

        Raises:
            NotNow, NothingToSwap, CannotRead, CannotWrite, EditedMeanwhile, StoreUnavailable: it is not done.
        """
        async with self._controller.between_releases():
            draft = self._split_file.draft(order.change)
            await self._record(order.decision, order, order.why, draft.routing)
            try:
                self._split_file.put(draft)
            except EditedMeanwhile as error:
                await self._record("not_done", order, f"{order.decision}: {error}", draft.routing)
                raise

    async def _record(self, decision: str, order: Order, why: str, routing: Routing) -> None:
        percent = round(100 * candidates_share(routing.weights))
        await self._store.record(Decision.between_releases(decision, order.who, why, self._now(), percent))
        logger.info("traffic ordered", extra={"decision": decision, "who": order.who, "why": why})


def split(stable: int, candidate: int) -> Callable[[Routing], Routing]:
    """Return what gives the slots these weights, and leaves all else."""
    return lambda routing: replace(routing, weights={STABLE: stable, CANDIDATE: candidate})


def swapped(routing: Routing) -> Routing:
    """Return the routing in which each slot has the other one's weight; raises NothingToSwap."""
    stable, candidate = routing.weights[STABLE], routing.weights[CANDIDATE]
    if stable == candidate:
        raise NothingToSwap(
            f"both slots have the weight {stable}, so none is production alone: say `split 100 0` first"
        )
    return split(candidate, stable)(routing)


def shadowed(percent: Decimal) -> Callable[[Routing], Routing]:
    """Return what copies this share of the users' predictions, and leaves all else."""
    return lambda routing: replace(routing, shadow_percent=percent)


def production_of(weights: Mapping[str, int]) -> str:
    """Return the slot with the larger weight, of equal ones the stable one, as nginx has it."""
    return max(SLOTS, key=lambda slot: weights[slot])
