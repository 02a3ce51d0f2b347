"""The store: the one way in which the programs read and write the database."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import pymongo
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient, MongoClient, ReplaceOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DuplicateKeyError

from mongodb.documents import Document, PackageCursor, Result, Sample, StoredSample
from mongodb.errors import SamplesRejected, StoreUnavailable, count_rejected, unavailable_on_error
from mongodb.feedback import Feedback, FeedbackSums, LabelledPackage, SampledPrediction
from mongodb.indexes import create_indexes, remove_expired
from mongodb.outbox import Outbox
from mongodb.positions import START, WRITE_SECONDS
from mongodb.sampling import encoded

__all__ = ["SamplesRejected", "Store", "StoreUnavailable"]

SELECTION_SECONDS = 2.0
FEEDBACK_SECONDS = 1.5  # somebody waits for the answer, and nginx gives a slot 2.5 s
SHADOW = "shadow"
DATABASE = "drift_detection"


def blocking_database(
    uri: str, timeout_seconds: float = 5.0, *, user: str = "", password: str = ""
) -> Database[dict[str, Any]]:
    """Return the database for a program without an event loop, connected as a Store is."""
    client: MongoClient[dict[str, Any]] = MongoClient(uri, **_options(timeout_seconds, user, password))
    return client.get_default_database(DATABASE)


def _options(timeout_seconds: float, user: str, password: str) -> dict[str, Any]:
    # Even None would count before the address's own.
    credentials = {"username": user, "password": password} if user else {}
    return {
        **credentials,
        "tz_aware": True,
        "serverSelectionTimeoutMS": int(1000 * min(SELECTION_SECONDS, timeout_seconds)),
        "timeoutMS": int(1000 * timeout_seconds),
    }


class Store:
    """Samples, results, cursors and feedback in MongoDB; each method raises StoreUnavailable when it is away.

    A user and a password that are given apart from the address are not quoted.
    """

    def __init__(self, uri: str, timeout_seconds: float = 5.0, *, user: str = "", password: str = "") -> None:
        self._client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            uri, **_options(timeout_seconds, user, password)
        )
        self._database = self._client.get_default_database(DATABASE)
        self._write_seconds = min(WRITE_SECONDS, timeout_seconds)
        self._feedback_seconds = min(FEEDBACK_SECONDS, timeout_seconds)

    @property
    def database(self) -> AsyncDatabase[dict[str, Any]]:
        """Return the database, for collections that are one program's alone."""
        return self._database

    async def prepare(self) -> None:
        """Create the indexes; safe to repeat."""
        with unavailable_on_error():
            await create_indexes(self._database)

    async def remove_expired(self, now: datetime) -> None:
        """Remove what has expired, where the server does not by itself; now and then, as it reads all."""
        with unavailable_on_error():
            await remove_expired(self._database, now)

    def outbox(self, channels: Sequence[str]) -> Outbox:
        """Return the messages for people, of which each new one goes to all of these channels."""
        return Outbox(self._database.notifications, channels)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def insert_samples(self, samples: Sequence[Sample]) -> None:
        """Store the samples; the same ones may be given again after StoreUnavailable: none is stored twice.

        Raises SamplesRejected when some of them will never be accepted; the others are stored then.
        """
        documents = [document for sample in samples if (document := encoded(sample)) is not None]
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

    async def note_package(self, package: LabelledPackage) -> None:
        """Store what a package's labels may be; safe to repeat."""
        with unavailable_on_error(), pymongo.timeout(self._write_seconds), suppress(DuplicateKeyError):
            await self._database.packages.replace_one(
                {"_id": package.package_sha256}, package.to_document(), upsert=True
            )

    async def classes(self, package_sha256s: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Return the classes of those of the packages that are known."""
        with unavailable_on_error(), pymongo.timeout(self._feedback_seconds):
            found = self._database.packages.find({"_id": {"$in": list(package_sha256s)}})
            return {document["_id"]: tuple(document["classes"]) async for document in found}

    async def sampled_predictions(self, request_ids: Collection[str]) -> list[SampledPrediction]:
        """Return the predictions with these request ids that somebody was answered: a shadow's are not."""
        # By index for one; of several NX-27017 reads all samples, as it allows for lists that hold the value.
        asked = [*request_ids]
        matched = {"request_id": asked[0] if len(asked) == 1 else {"$in": asked}}
        chosen = dict.fromkeys(SampledPrediction.fields(), 1)
        with pymongo.timeout(self._feedback_seconds):
            found = await self._aggregate({"$match": matched}, {"$project": chosen})
        predictions = [SampledPrediction.from_document(document) for document in found]
        return [one for one in predictions if one.traffic != SHADOW]

    async def write_feedback(self, feedback: Sequence[Feedback]) -> None:
        """Store the feedback; of several about one prediction the last one stays."""
        last = {one.prediction.request_id: one.to_document() for one in feedback}
        writes = [ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in last.values()]
        with unavailable_on_error(), pymongo.timeout(self._feedback_seconds):
            try:
                await self._database.feedback.bulk_write(writes, ordered=False)
            except (
                BulkWriteError
            ):  # another slot was the first to write one of them: now it is there to replace
                await self._database.feedback.bulk_write(writes, ordered=False)

    async def feedback_sums(self, slot: str, package_sha256: str, after: str) -> FeedbackSums:
        """Add up the feedback about users' samples of the slot's package that lie after the position."""
        matched = {"slot": slot, "package_sha256": package_sha256, "position": {"$gt": after}}
        sums: Document = {
            "labels": {"$sum": 1},
            "correct": {"$sum": "$correct"},
            "delay_seconds": {"$sum": "$delay_seconds"},
        }
        group = {"_id": "$package_sha256", **sums}
        with unavailable_on_error():
            found = await self._database.feedback.aggregate([{"$match": matched}, {"$group": group}])
            for document in await found.to_list():
                return FeedbackSums.from_document(document)
        return FeedbackSums()

    async def waiting_samples(
        self, slot: str, package_sha256: str, after: str, before: str, limit: int
    ) -> list[StoredSample]:
        """Return the first `limit` samples of the slot's package between two positions, both exclusive."""
        matched = {"slot": slot, "package_sha256": package_sha256, "position": {"$gt": after, "$lt": before}}
        ordered = {"slot": 1, "package_sha256": 1, "position": 1}
        return [
            StoredSample.from_document(document)
            for document in await self._aggregate({"$match": matched}, {"$sort": ordered}, {"$limit": limit})
        ]

    async def count_waiting(self, slot: str, package_sha256: str, after: str) -> int:
        """Return how many samples of the slot's package lie after the position."""
        # count_documents asks for a sum, which NX-27017 computes 60 times slower than a count.
        matched = {"slot": slot, "package_sha256": package_sha256, "position": {"$gt": after}}
        counted = await self._aggregate({"$match": matched}, {"$count": "n"})
        return int(counted[0]["n"]) if counted else 0

    async def _aggregate(self, *stages: Document) -> list[dict[str, Any]]:
        # Not find(): NX-27017 allows for lists that hold the value, uses no index, and reads every sample.
        with unavailable_on_error():
            return await (await self._database.samples.aggregate(list(stages))).to_list()

    async def look_for_packages(self, slot: str, before: str) -> list[PackageCursor]:
        """Note which packages the slot's new samples are of, and return a cursor for each that ever had some.

        Only samples between what was seen last and `before`, a settled position, are looked at. Killed in
        between, the next look finds the rest: what was seen last is the newest of what is noted, and the
        packages are noted in the order of their newest samples.
        """
        cursors = await self.cursors(slot)
        seen = max((cursor.newest for cursor in cursors), default=START)
        matched = {"slot": slot, "package_sha256": {"$gt": ""}, "position": {"$gt": seen, "$lt": before}}
        names: Document = {name: {"$max": f"${name}"} for name in ("model", "version")}
        group = {"_id": "$package_sha256", "newest": {"$max": "$position"}, **names}
        found = await self._aggregate({"$match": matched}, {"$group": group})
        for one in sorted(found, key=lambda one: str(one["newest"])):
            await self._note(slot, one)
        return await self.cursors(slot) if found else cursors

    async def _note(self, slot: str, found: Document) -> None:
        named = {"slot": slot, "package_sha256": found["_id"]}
        update = {
            "$set": {**named, "model": found["model"], "version": found["version"]},
            "$max": {"newest": found["newest"]},
            "$setOnInsert": {"position": START},
        }
        with unavailable_on_error(), suppress(DuplicateKeyError):  # two at once: the other one has noted it
            await self._database.cursors.update_one(
                {"_id": _cursor_id(slot, found["_id"])}, update, upsert=True
            )

    async def cursors(self, slot: str) -> list[PackageCursor]:
        """Return the slot's cursors, one for each package."""
        with unavailable_on_error():
            return [
                PackageCursor.from_document(document)
                async for document in self._database.cursors.find({"slot": slot})
            ]

    async def cursor(self, slot: str, package_sha256: str) -> str:
        """Return the position of the last sample of the package that the slot's detector has consumed."""
        with unavailable_on_error():
            document = await self._database.cursors.find_one({"_id": _cursor_id(slot, package_sha256)})
        return START if document is None else str(document["position"])

    async def move_cursor(self, slot: str, package_sha256: str, position: str, to: str) -> bool:
        """Move the package's cursor if it still is at `position`; False when somebody else has moved it."""
        where = {"_id": _cursor_id(slot, package_sha256), "position": position}
        there = {"slot": slot, "package_sha256": package_sha256, "position": to}
        with unavailable_on_error():
            try:
                moved = await self._database.cursors.update_one(
                    where, {"$set": there}, upsert=position == START
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

    async def result(self, slot: str, package_sha256: str, window: str) -> Result | None:
        """Return the result of the package's window, None when it has not been scored."""
        key = {"slot": slot, "package_sha256": package_sha256, "window": window}
        with unavailable_on_error():
            document = await self._database.drift_results.find_one(key)
        return None if document is None else Result.from_document(document)

    async def newest_results(self, slot: str, limit: int, package_sha256: str | None = None) -> list[Result]:
        """Return the last results of the slot, or of one of its packages, the newest window first."""
        query, order = {"slot": slot}, "window_end"
        if package_sha256 is not None:  # of one package's windows the starts are in the same order
            query, order = {**query, "package_sha256": package_sha256}, "window"
        with unavailable_on_error():
            found = self._database.drift_results.find(query).sort(order, pymongo.DESCENDING)
            results = [_readable(document) async for document in found.limit(limit)]
        return [result for result in results if result is not None]


def _cursor_id(slot: str, package_sha256: str) -> str:
    return f"{slot}/{package_sha256}"


def _readable(document: Document) -> Result | None:
    try:
        return Result.from_document(document)
    except KeyError:  # another version's: it must not keep the detector from going on
        return None
