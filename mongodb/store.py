"""The store: the one way in which the programs read and write the database."""

import math
from collections.abc import Sequence
from typing import Any

import pymongo
from bson import encode
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient
from pymongo.errors import BulkWriteError, DuplicateKeyError

from mongodb.documents import Document, Result, Sample, StoredSample
from mongodb.errors import SamplesRejected, StoreUnavailable, count_rejected, unavailable_on_error
from mongodb.indexes import create_indexes
from mongodb.positions import START, WRITE_SECONDS, new_position

__all__ = ["SamplesRejected", "Store", "StoreUnavailable"]

MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
SELECTION_SECONDS = 2.0


class Store:
    """Samples, results and cursors in MongoDB; every method raises StoreUnavailable when it is away."""

    def __init__(self, uri: str, timeout_seconds: float = 5.0) -> None:
        self._client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            uri,
            tz_aware=True,
            serverSelectionTimeoutMS=int(1000 * min(SELECTION_SECONDS, timeout_seconds)),
            timeoutMS=int(1000 * timeout_seconds),
        )
        self._database = self._client.get_default_database("drift_detection")
        self._write_seconds = min(WRITE_SECONDS, timeout_seconds)

    async def prepare(self) -> None:
        """Create the indexes; safe to repeat."""
        with unavailable_on_error():
            await create_indexes(self._database)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def insert_samples(self, samples: Sequence[Sample]) -> None:
        """Store the samples; the same ones may be given again after StoreUnavailable: none is stored twice.

        Raises SamplesRejected when some of them will never be accepted; the others are stored then.
        """
        documents = [document for sample in samples if (document := _encoded(sample)) is not None]
        rejected = len(samples) - len(documents)
        if documents:
            rejected += await self._insert(documents)
        if rejected:
            raise SamplesRejected(rejected)

    async def _insert(self, documents: Sequence[RawBSONDocument]) -> int:
        with unavailable_on_error(), pymongo.timeout(self._write_seconds):
            try:
                await self._database.samples.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                return count_rejected(error)
        return 0

    async def waiting_samples(self, slot: str, after: str, before: str, limit: int) -> list[StoredSample]:
        """Return the slot's first `limit` samples between two positions, both exclusive."""
        query = {"slot": slot, "position": {"$gt": after, "$lt": before}}
        with unavailable_on_error():
            found = self._database.samples.find(query).sort(["slot", "position"]).limit(limit)
            return [StoredSample.from_document(document) async for document in found]

    async def count_waiting(self, slot: str, after: str) -> int:
        """Return how many samples of the slot lie after the position."""
        with unavailable_on_error():
            # count_documents asks for a sum, which NX-27017 computes 60 times slower than a count.
            match = {"$match": {"slot": slot, "position": {"$gt": after}}}
            counted = await (await self._database.samples.aggregate([match, {"$count": "n"}])).to_list()
        return int(counted[0]["n"]) if counted else 0

    async def cursor(self, slot: str) -> str:
        """Return the position of the last sample that the slot's detector has consumed."""
        with unavailable_on_error():
            document = await self._database.cursors.find_one({"_id": slot})
        return START if document is None else str(document["position"])

    async def move_cursor(self, slot: str, position: str, to: str) -> bool:
        """Move the slot's cursor if it still is at `position`; False when somebody else has moved it."""
        with unavailable_on_error():
            try:
                moved = await self._database.cursors.update_one(
                    {"_id": slot, "position": position}, {"$set": {"position": to}}, upsert=position == START
                )
            except DuplicateKeyError:  # the upsert's: there is a cursor, but not at the start
                return False
        return moved.matched_count == 1 or moved.upserted_id is not None

    async def add_result(self, result: Result) -> bool:
        """Store the result of a window; False when the window has one already."""
        with unavailable_on_error():
            try:
                await self._database.drift_results.insert_one(result.to_document())
            except DuplicateKeyError:
                return False
        return True

    async def result(self, slot: str, window: str) -> Result | None:
        """Return the result of the slot's window, None when it has not been scored."""
        with unavailable_on_error():
            document = await self._database.drift_results.find_one({"slot": slot, "window": window})
        return None if document is None else Result.from_document(document)

    async def newest_results(self, slot: str, limit: int) -> list[Result]:
        """Return the slot's last results, the newest window first."""
        with unavailable_on_error():
            found = self._database.drift_results.find({"slot": slot}).sort("window_end", pymongo.DESCENDING)
            results = [_readable(document) async for document in found.limit(limit)]
        return [result for result in results if result is not None]


def _readable(document: Document) -> Result | None:
    try:
        return Result.from_document(document)
    except KeyError:  # another version's: it must not keep the detector from going on
        return None


def _encoded(sample: Sample) -> RawBSONDocument | None:
    # One by one, because a sample that cannot be encoded would otherwise take its whole batch with it.
    if not math.isfinite(sample.confidence):
        return None
    document: Document = {**sample.to_document(), "position": new_position()}
    try:
        data = encode(document)
    except (BSONError, UnicodeError, OverflowError, TypeError, ValueError):
        return None
    return RawBSONDocument(data) if len(data) <= MAX_DOCUMENT_BYTES else None
