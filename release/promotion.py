"""Replace a slot's package, and take that back: in steps that go on where a killed program left them.

A step is recorded when it is done, and does no harm when it is done again. What the slot's folder holds tells
more than the journal: with the journal lost, the same command finishes the work as well.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from inference.manifest import BadModelPackage
from release.package_folder import CannotReplace, PackageFolder
from release.replicas import Replica, complaint
from service.token import NoToken

logger = logging.getLogger(__name__)

MOST_KEPT = 5  # packages in a slot's folder, the served one among them

Kind = Literal["promotion", "rollback", "candidacy"]
Step = Literal["begun", "copied", "replaced", "refused", "done", "restored", "failed"]
OVER: frozenset[Step] = frozenset({"done", "restored", "failed"})


class Reload(Protocol):
    """Has each replica load its package again; see Replicas."""

    async def __call__(self, name: str, sha256: str, /, *, at_once: bool) -> Sequence[Replica]:
        """Return each replica's answer: a model's name and its package's checksum are wanted."""


@dataclass(frozen=True)
class Replacement:
    """How far the replacement of a slot's package is, and what comes back if a replica refuses it.

    begun → copied → replaced → done; replaced → refused → restored; begun or copied → failed, with nothing
    changed; refused → failed, with the refused package in the folder, as none from before can be served.
    `candidate` is the folder that the package is copied from; a rollback has none.
    """

    kind: Kind
    package_sha256: str
    candidate: Path | None = None
    previous_sha256: str | None = None
    step: Step = "begun"
    reason: str = ""

    @property
    def is_over(self) -> bool:
        """Tell whether nothing is left to be done."""
        return self.step in OVER


class Journal(Protocol):
    """Keeps the last replacement; what was recorded is there after a kill."""

    async def read(self) -> Replacement | None:
        """Return what was recorded last."""

    async def record(self, replacement: Replacement) -> None:
        """Record it in place of what was there."""


class ServedPackage:
    """A slot's package: it is replaced, and each replica told.

    The methods return what became of it, and raise CannotReplace where another program is at it already.
    """

    def __init__(self, packages: PackageFolder, reload: Reload, journal: Journal) -> None:
        self.packages = packages
        self._reload = reload
        self._journal = journal

    async def promote(self, candidate: Path, sha256: str) -> Replacement:
        """Serve the package in the folder `candidate`, if it has this checksum: the one that was judged."""
        return await self._take(Replacement("promotion", sha256, candidate))

    async def propose(self, version: Path, sha256: str) -> Replacement:
        """Serve the package in the folder `version`, if it has this checksum, as a candidate."""
        return await self._take(Replacement("candidacy", sha256, version))

    async def rollback(self, sha256: str | None = None) -> Replacement:
        """Serve the package that was served before this one, or another one that is kept.

        So a second rollback takes the first one back. CannotReplace when none is kept.
        """
        with self.packages.locked():
            finished = await self._finish()
            if finished and finished.kind == "rollback" and sha256 in {None, finished.package_sha256}:
                return finished
            wanted = sha256 or await asyncio.to_thread(self.packages.previous)
            if wanted is None:
                raise CannotReplace(f"{self.packages.folder}: no package from before is kept")
            return await self._begin(Replacement("rollback", wanted))

    async def before(self, sha256: str) -> str | None:
        """Return the checksum of what the promotion of this package replaced; None where that is not known.

        A rollback of it that was begun, or refused, has taken the promotion's place in the journal.
        """
        last = await self._journal.read()
        if last is None:
            return None
        if last.kind == "rollback":
            return last.package_sha256
        return last.previous_sha256 if last.package_sha256 == sha256 else None

    async def resume(self) -> Replacement | None:
        """Finish what a killed program began; None where there is nothing to finish."""
        with self.packages.locked():
            return await self._finish()

    async def _take(self, wanted: Replacement) -> Replacement:
        with self.packages.locked():
            finished = await self._finish()
            if finished and (finished.kind, finished.package_sha256) == (wanted.kind, wanted.package_sha256):
                return finished
            return await self._begin(wanted)

    async def _finish(self) -> Replacement | None:
        found = await self._journal.read()
        return None if found is None or found.is_over else await self._carry_on(found)

    async def _begin(self, wanted: Replacement) -> Replacement:
        return await self._carry_on(await self._record(wanted))

    async def _carry_on(self, one: Replacement) -> Replacement:
        """Do the steps that are left."""
        if one.step == "begun":
            one = await self._record(await self._attempt(self._copy, one))
        if one.step == "copied":
            one = await self._record(await self._attempt(self._serve, one))
        if one.step == "replaced":
            reason = await self._tell_replicas(one.package_sha256, at_once=one.kind == "rollback")
            one = await self._record(replace(one, step="refused" if reason else "done", reason=reason))
        if one.step == "refused":
            one = await self._restore(one)
        await asyncio.to_thread(self._tidy)
        return one

    async def _attempt(self, step: Callable[[Replacement], Replacement], one: Replacement) -> Replacement:
        try:
            return await asyncio.to_thread(step, one)
        except (CannotReplace, BadModelPackage, OSError) as error:
            return replace(one, step="failed", reason=str(error))

    def _copy(self, one: Replacement) -> Replacement:
        if one.candidate is not None:
            self.packages.take(one.candidate, one.package_sha256)
        served = self.packages.served().sha256
        before = self.packages.previous() if served == one.package_sha256 else served
        return replace(one, step="copied", previous_sha256=before)

    def _serve(self, one: Replacement) -> Replacement:
        self.packages.serve(one.package_sha256)
        return replace(one, step="replaced")

    async def _restore(self, one: Replacement) -> Replacement:
        """Serve the previous package again; where none can be served, say so, and that ends it as well."""
        if one.previous_sha256 is None:
            return await self._record(self._left(one, "none is kept"))
        try:
            await asyncio.to_thread(self.packages.serve, one.previous_sha256)
        except (CannotReplace, BadModelPackage, OSError) as error:
            return await self._record(self._left(one, str(error)))
        also = await self._tell_replicas(one.previous_sha256, at_once=True)
        more = f"then, with the previous package: {also}" if also else "it serves its own again"
        return await self._record(replace(one, step="restored", reason=f"{one.reason}; {more}"))

    def _left(self, one: Replacement, why: str) -> Replacement:
        folder = self.packages.folder
        left = f"{folder} holds the refused package, as the one from before cannot be brought back: {why}"
        todo = f"put a whole package into {folder}, and `make reload` that slot"
        return replace(one, step="failed", reason=f"{one.reason}; {left}; {todo}")

    async def _tell_replicas(self, sha256: str, *, at_once: bool) -> str:
        """Have the replicas reload, and return what went wrong; nothing has where it is empty.

        What they have served before they load all at once, which is faster.
        """
        try:
            identity = await asyncio.to_thread(self.packages.identity, sha256)
            return complaint(await self._reload(identity.manifest.name, sha256, at_once=at_once))
        except (CannotReplace, NoToken) as error:
            return str(error)

    async def _record(self, one: Replacement) -> Replacement:
        await self._journal.record(one)
        return one

    def _tidy(self) -> None:
        try:
            self.packages.prune(MOST_KEPT)
        except OSError as error:
            logger.warning("what is left of older packages cannot be removed: %s", error)
