"""What the controller keeps in the database: the release, its looks, and all decisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pymongo
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from mongodb.errors import unavailable_on_error
from mongodb.indexes import expire
from release.counters import Counters
from release.documents import (
    Decision,
    counters_document,
    look_document,
    read_counters,
    read_look,
    read_release,
    release_document,
)
from release.evidence import Look
from release.lifecycle import Release

CURRENT = {"_id": "current"}
LOOKS_KEPT_SECONDS = 90 * 24 * 3600  # decisions have the gates' numbers, and stay


class Conflict(Exception):
    """Somebody else has changed the release meanwhile: look again."""


class ReleaseStore:
    """The newest release with its last decision in one document, so that no crash parts the two.

    Every method raises StoreUnavailable when the database is away.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._state = database.release_state
        self._decisions = database.release_decisions
        self._looks = database.release_looks
        self.recorded = ""  # the id of the last decision that this program has appended

    async def prepare(self) -> None:
        """Create the indexes; safe to repeat."""
        with unavailable_on_error():
            await self._decisions.create_index([("at", pymongo.DESCENDING)])
            await self._looks.create_index([("release", pymongo.ASCENDING), ("number", pymongo.ASCENDING)])
            await expire(self._looks, "at", LOOKS_KEPT_SECONDS)

    async def current(self) -> tuple[Release, Decision] | None:
        """Return the newest release, which may have ended, and the last decision about it."""
        with unavailable_on_error():
            document = await self._state.find_one(CURRENT)
        if document is None:
            return None
        return read_release(document["release"]), Decision.from_document(document["decision"])

    async def change(self, before: Release | None, after: Release, decision: Decision) -> None:
        """Let `after` follow `before`; `decision` is the last one about it.

        Raises:
            Conflict: `before` is not the newest release any more.
        """
        document = {**CURRENT, "release": release_document(after), "decision": decision.to_document()}
        with unavailable_on_error():
            if before is None:
                try:
                    await self._state.insert_one(document)
                except DuplicateKeyError as error:
                    raise Conflict from error
                return
            where = {**CURRENT, "release._id": before.id, "release.revision": before.revision}
            replaced = await self._state.replace_one(where, document)
        if not replaced.matched_count:
            raise Conflict

    async def record(self, decision: Decision) -> None:
        """Append a decision to the log; again changes nothing."""
        with unavailable_on_error():
            try:
                await self._decisions.insert_one(decision.to_document())
            except DuplicateKeyError:
                return
        self.recorded = decision.id

    async def decisions(self, limit: int) -> list[Decision]:
        """Return the newest decisions, the newest first."""
        with unavailable_on_error():
            found = self._decisions.find().sort("at", pymongo.DESCENDING).limit(limit)
            return [Decision.from_document(one) async for one in found]

    async def add_look(self, release: str, look: Look) -> None:
        """Store a look; one of the same number, which a crash left without its counters, is replaced."""
        document = look_document(release, look)
        with unavailable_on_error():
            await self._looks.replace_one({"_id": document["_id"]}, document, upsert=True)

    async def looks(self, release: str, last: int) -> Sequence[Look]:
        """Return a release's looks up to this number, in their order."""
        with unavailable_on_error():
            found = self._looks.find({"release": release, "number": {"$lte": last}}).sort("number", 1)
            return [read_look(one) async for one in found]

    async def put_counters(self, release: str, number: int, at: datetime, counters: Counters) -> None:
        """Keep what the counters showed at a look: the next one is compared with it."""
        name = {"_id": f"{release}/counters"}
        document = {**name, "number": number, "at": at, "counters": counters_document(counters)}
        with unavailable_on_error():
            await self._looks.replace_one(name, document, upsert=True)

    async def counters(self, release: str) -> tuple[int, datetime, Counters] | None:
        """Return the last look's number, its time, and what the counters showed at it."""
        with unavailable_on_error():
            document = await self._looks.find_one({"_id": f"{release}/counters"})
        if document is None:
            return None
        return document["number"], document["at"], read_counters(document["counters"])
