"""The packages of a release: the candidate's, and what the stable slot serves, replaced and brought back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from inference.identity import identify
from inference.manifest import BadModelPackage
from mongodb.errors import unavailable_on_error
from release.controller import Refused
from release.lifecycle import Package, Phase, Release
from release.package_folder import CannotReplace
from release.promotion import Replacement, ServedPackage
from service.slots import CANDIDATE, STABLE

logger = logging.getLogger(__name__)

REPLACEMENTS = {STABLE: {"_id": "replacement"}, CANDIDATE: {"_id": "candidate_replacement"}}


class ReplacementJournal:
    """The last replacement of a slot's package, in the database."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], slot: str) -> None:
        self._state = database.release_state
        self._id = REPLACEMENTS[slot]

    async def read(self) -> Replacement | None:
        """Return what was recorded last."""
        with unavailable_on_error():
            found = await self._state.find_one(self._id)
        if found is None:
            return None
        candidate = found["candidate"]
        return Replacement(
            found["kind"],
            found["package_sha256"],
            None if candidate is None else Path(candidate),
            found["previous_sha256"],
            found["step"],
            found["reason"],
        )

    async def record(self, replacement: Replacement) -> None:
        """Record it in place of what was there."""
        candidate = replacement.candidate
        document = {
            **self._id,
            "kind": replacement.kind,
            "package_sha256": replacement.package_sha256,
            "candidate": None if candidate is None else str(candidate),
            "previous_sha256": replacement.previous_sha256,
            "step": replacement.step,
            "reason": replacement.reason,
        }
        with unavailable_on_error():
            await self._state.replace_one(self._id, document, upsert=True)


class SlotPackages:
    """Puts a release's packages into the stable slot, one at a time; to repeat an order does no harm.

    `current` returns the newest release with the last decision about it.
    """

    def __init__(
        self,
        production: ServedPackage,
        candidate: Path,
        current: Callable[[], Awaitable[tuple[Release, object] | None]],
    ) -> None:
        self._production = production
        self._candidate = candidate
        self._current = current
        self._turn = asyncio.Lock()

    async def resume(self) -> None:
        """Finish what a killed program began, unless the release itself goes on with it.

        What cannot be finished is logged, and left as it is.
        """
        found = await self._current()
        if found is not None and found[0].phase in {Phase.PROMOTING, Phase.ROLLING_BACK}:
            return  # else the slot would load the package twice
        async with self._turn:
            await finish(self._production)

    async def promote(self, release: Release) -> None:
        """Have the stable slot serve the candidate's package; Refused leaves it with its own."""
        sha256 = release.candidate.sha256
        await self._done(lambda: self._production.promote(self._candidate, sha256))

    async def roll_back(self, release: Release) -> None:
        """Have the stable slot serve what the promotion replaced, though it were not the release's own."""
        stable, candidate = release.stable.sha256, release.candidate.sha256
        before = None if stable == candidate else await self._production.before(candidate)
        await self._done(lambda: self._production.rollback(before or stable))

    async def other(self, release: Release) -> str:
        """Say which slot's folder holds another package than the release's; empty where none does."""
        slots = [
            (STABLE, self._production.packages.folder, release.stable),
            (CANDIDATE, self._candidate, release.candidate),
        ]
        found = [await asyncio.to_thread(_other, *slot) for slot in slots]
        return "; ".join(filter(None, found))

    async def _done(self, order: Callable[[], Awaitable[Replacement]]) -> None:
        async with self._turn:
            await demand_done(order())


async def finish(package: ServedPackage) -> None:
    """Finish what a killed program began; what cannot be finished is logged, and left as it is."""
    try:
        finished = await package.resume()
    except (CannotReplace, BadModelPackage) as error:
        logger.warning("a replacement of the package that was begun is left as it is: %s", error)
    else:
        if finished is not None:
            logger.info("the %s that was begun is %s", finished.kind, finished.step)


async def demand_done(replacing: Awaitable[Replacement]) -> Replacement:
    """Return what a replacement came to; Refused says why the slot has its own package still."""
    try:
        outcome = await replacing
    except (CannotReplace, BadModelPackage) as error:
        raise Refused(str(error)) from error
    if outcome.step != "done":
        raise Refused(outcome.reason)
    return outcome


def _other(slot: str, folder: Path, wanted: Package) -> str:
    try:
        found = package_in(folder)
    except BadModelPackage as error:
        return f"{slot}'s folder holds no package that could be served: {error}"
    if found.sha256 == wanted.sha256:
        return ""
    todo = "put that back, or abort the release and start it anew"
    return f"{slot}'s folder holds {_named(found)} in place of {_named(wanted)}: {todo}"


def _named(package: Package) -> str:
    return f"{package.model} {package.version} ({package.sha256[:12]})"


def package_in(folder: Path) -> Package:
    """Return the package that a folder holds; raises BadModelPackage."""
    found = identify(folder)
    return Package(found.manifest.name, found.manifest.version, found.sha256)
