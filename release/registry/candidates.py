"""A version is put into the candidate's slot: between releases, in the steps of a promotion."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from proxy.routing import Routing
from release import lifecycle
from release.controller import Controller, Refused
from release.documents import Decision
from release.lifecycle import NotNow, Package
from release.packages import demand_done, finish
from release.promotion import ServedPackage
from release.registry.versions import Registry, Version
from release.split_file import SplitFile, as_people_say
from release.store import ReleaseStore
from release.traffic.orders import production_of
from service.slots import CANDIDATE, STABLE

logger = logging.getLogger(__name__)


class Candidates:
    """Puts versions into the slot that is tried, one at a time, and never into a release."""

    def __init__(
        self,
        *,
        controller: Controller,
        store: ReleaseStore,
        split_file: SplitFile,
        registry: Registry,
        slot: ServedPackage,
        now: Callable[[], datetime],
    ) -> None:
        self._controller = controller
        self._store = store
        self._split_file = split_file
        self._registry = registry
        self._slot = slot
        self._now = now

    async def put(self, asked: str, who: str, why: str) -> Package:
        """Have the slot serve the version that is called this, and return its package.

        The order is written down, then done; again it does no harm.

        Raises:
            UnknownVersion, AmbiguousVersion: it cannot be told which version is meant.
            NotNow: a release has not ended, or people's traffic counts on the slot.
            Refused: the slot has not taken the package, and serves its own.
            CannotRead, StoreUnavailable: nothing was done.
        """
        version = await asyncio.to_thread(self._registry.find, asked)
        sha256 = version.package.sha256
        async with self._controller.between_releases(lifecycle.demand_ended):
            routing = self._split_file.read()
            demand_tried(routing)
            await self._record("candidate", version, who, why, routing)
            try:
                await demand_done(self._slot.propose(version.folders[0], sha256))
            except Refused as refused:
                await self._record("candidate_refused", version, who, str(refused), routing)
                raise
        return version.package

    async def resume(self) -> None:
        """Finish what a killed program began; while a release is under way it is left as it is."""
        with suppress(NotNow):
            async with self._controller.between_releases(lifecycle.demand_ended):
                await finish(self._slot)

    async def _record(self, decision: str, version: Version, who: str, why: str, routing: Routing) -> None:
        percent = round(100 * lifecycle.candidates_share(routing.weights))
        said = f"{version.name}: {why}" if why else version.name
        await self._store.record(Decision.between_releases(decision, who, said, self._now(), percent))
        logger.info("candidate ordered", extra={"decision": decision, "who": who, "why": said})


def demand_tried(routing: Routing) -> None:
    """Raise NotNow where the candidate's slot is production: what is put there would be tried by nobody."""
    if production_of(routing.weights) == CANDIDATE:
        todo = f"`swap` it, or give {STABLE} the larger weight first"
        raise NotNow(f"{CANDIDATE} is production ({as_people_say(routing)}): {todo}")
