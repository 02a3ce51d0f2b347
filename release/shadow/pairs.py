"""The shadow's pairs: samples of the database joined, and what they add up to kept there."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from mongodb.documents import USER
from mongodb.errors import unavailable_on_error
from mongodb.positions import START, settled_before
from release.shadow.comparison import Answer, Comparison, Joined, join
from release.shadow.documents import comparison_document, read_comparison, readable
from service.traffic import SHADOW

KEPT = {"_id": "comparison"}
PAGE = 200  # copies that are joined at once
MOST_PARTNERS = 10 * PAGE  # a client may give one id to all of its requests
PARTNERS = timedelta(seconds=10)  # within which production's answer is stored, if its slot was slower at that
# Without copies the position follows from afar: a clock that was put right must not pass copies by, nor other
# trials be read again and again.
IDLE, NEARLY_NOW = timedelta(minutes=5), timedelta(minutes=1)
NOTHING = join((), ())
FIELDS = (
    *("request_id", "row", "slot", "model", "version", "package_sha256"),
    *("label", "probabilities", "created_at", "trial_position", "traffic"),
)

logger = logging.getLogger(__name__)


class PairStore:
    """Samples, read by the position of trials, and the comparison, in one document that is replaced whole.

    Every method raises StoreUnavailable when the database is away.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._samples = database.samples
        self._packages = database.packages
        self._kept = database.release_shadow

    async def comparison(self) -> Comparison:
        """Return what is known so far."""
        with unavailable_on_error():
            document = await self._kept.find_one(KEPT)
        return Comparison(START) if document is None else read_comparison(document)

    async def keep(self, before: Comparison, after: Comparison) -> bool:
        """Let `after` follow `before`; False where another process has gone on from there already."""
        old, new = comparison_document(before), comparison_document(after)
        is_first = before.position == START
        changed = {name: new[name] for name in new if is_first or new[name] != old[name]}
        where = {**KEPT, "position": before.position}
        with unavailable_on_error():
            try:
                written = await self._kept.update_one(where, {"$set": changed}, upsert=is_first)
            except DuplicateKeyError:  # the upsert's: it is there, and not at the start
                return False
        return written.matched_count == 1 or written.upserted_id is not None

    async def copies(self, after: str, before: str) -> Sequence[Mapping[str, Any]]:
        """Return the first samples of copies between two positions, in their order."""
        matched = {"traffic": SHADOW, "trial_position": {"$gt": after, "$lt": before}}
        return await self._find({"$match": matched}, {"$sort": {"trial_position": 1}}, {"$limit": PAGE})

    async def partners(self, request_ids: Collection[str]) -> Sequence[Answer]:
        """Return what users were answered to requests with these ids."""
        matched = {"request_id": {"$in": list(request_ids)}}
        found = await self._find({"$match": matched}, {"$limit": MOST_PARTNERS})
        return readable([one for one in found if one.get("traffic", USER) == USER])

    async def classes(self, packages: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """Return the classes of those of the packages that are known, by their checksums."""
        with unavailable_on_error():
            found = self._packages.find({"_id": {"$in": list(packages)}})
            return {document["_id"]: tuple(document["classes"]) async for document in found}

    async def _find(self, *stages: Mapping[str, Any]) -> list[dict[str, Any]]:
        # Not find(): NX-27017 uses no index for it. And not the embeddings, which are most of a sample.
        project = {"$project": dict.fromkeys(FIELDS, 1)}
        with unavailable_on_error():
            return await (await self._samples.aggregate([*stages, project])).to_list()


class ShadowPairs:
    """Joins what came since it last did, and shows what it adds up to."""

    def __init__(
        self, store: PairStore, show: Callable[[Comparison], None], now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._show = show
        self._now = now
        self._classes: dict[str, tuple[str, ...]] = {}

    async def run(self, is_to_end: Callable[[], bool] = lambda: False) -> None:
        """Go up to what is settled by now, page by page; StoreUnavailable where the database is away."""
        settled = settled_before(self._now() - PARTNERS)
        comparison = await self._store.comparison()
        while not is_to_end() and (found := await self._store.copies(comparison.position, settled)):
            comparison = await self._go_on(comparison, await self._join(found), found[-1]["trial_position"])
            self._show(comparison)
        if comparison.position < settled_before(self._now() - IDLE):
            passed = settled_before(self._now() - NEARLY_NOW)
            comparison = await self._go_on(comparison, NOTHING, passed)
        self._show(comparison)

    async def _join(self, found: Sequence[Mapping[str, Any]]) -> Joined:
        copies = readable(found)
        partners = await self._store.partners(ids) if (ids := unambiguous(copies)) else ()
        await self._learn_classes({one.package.sha256 for one in (*copies, *partners)})
        return await asyncio.to_thread(join, *map(self._with_classes, (copies, partners)))

    async def _go_on(self, before: Comparison, joined: Joined, position: str) -> Comparison:
        after = await asyncio.to_thread(before.after, joined, position)
        if await self._store.keep(before, after):
            return after
        logger.warning("another process joins the shadow's pairs, too")
        return await self._store.comparison()

    async def _learn_classes(self, packages: Collection[str]) -> None:
        if new := [one for one in packages if one not in self._classes]:
            self._classes |= await self._store.classes(new)

    def _with_classes(self, answers: Sequence[Answer]) -> Sequence[Answer]:
        return [replace(one, classes=self._classes.get(one.package.sha256, ())) for one in answers]


def unambiguous(copies: Sequence[Answer]) -> set[str]:
    """Return the ids of requests with one answer to an input: no partner of others need be looked for."""
    counts = Counter(one.input for one in copies)
    return {request_id for (request_id, _), count in counts.items() if count == 1}
