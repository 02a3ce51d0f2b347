"""What came back about a release's predictions: people's labels and the detectors' windows, in MongoDB."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from mongodb.documents import USER
from mongodb.errors import DUPLICATE_KEY, unavailable_on_error
from mongodb.indexes import SAMPLES_KEPT_SECONDS, expire
from mongodb.positions import first_position_of
from release.lifecycle import Release
from release.steps import Label, Window
from service.slots import CANDIDATE, SLOTS, STABLE

Document = Mapping[str, Any]
LABELS_AT_ONCE = 1000  # a question to the database has at most 16 MB, and some 250,000 names fill it


class MongodbFeedback:
    """Reads `feedback` and `drift_results`, and notes in `release_labels` which labels a release has counted.

    A prediction's label counts once, as it first came: people who press both buttons, or send theirs again
    and again, make no more evidence. Every method raises StoreUnavailable when the database is away.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._feedback = database.feedback
        self._results = database.drift_results
        self._counted = database.release_labels

    async def prepare(self) -> None:
        """Create the index by which what was counted is forgotten with its feedback; safe to repeat."""
        with unavailable_on_error():
            await expire(self._counted, "received_at", SAMPLES_KEPT_SECONDS)

    async def labels(self, release: Release, after: datetime, until: datetime) -> Sequence[Label]:
        """Return what came after one time and until another about what users were answered in the release.

        Asked again from the same time on, it returns the same ones again: a look that a crash left half done
        is repeated.
        """
        came = {"received_at": {"$gt": after, "$lte": until}, "traffic": USER}
        since = round(after.timestamp() * 1000)
        labels: list[Label] = []
        with unavailable_on_error():
            cursor = self._feedback.find(came)  # not an aggregation: NX-27017 compares no dates in it
            while chunk := await cursor.to_list(LABELS_AT_ONCE):
                found = [one for one in chunk if _is_of(release, one)]
                counted = await self._count(release, since, found)
                labels += [
                    Label(one["slot"], one["predicted_at"], bool(one["correct"]))
                    for one in found
                    if one["request_id"] in counted
                ]
        return labels

    async def windows(self, release: Release) -> Sequence[Window]:
        """Return the windows all of whose samples are of the release's time and packages."""
        since = first_position_of(release.started_at)
        return [
            Window(slot, one["first_sample_at"], bool(one["drift"]))
            for slot in SLOTS
            for one in await _matching(self._results, {"slot": slot, "window_end": {"$gt": since}})
            if one["package_sha256"] == _package(release, slot)
            and one["first_sample_at"] >= release.started_at
        ]

    async def _count(self, release: Release, since: int, labels: Sequence[Document]) -> Collection[str]:
        """Note the labels under the time from which on they were asked for; return those that are new."""
        names = {f"{release.id}/{one['request_id']}": one for one in labels}
        if not names:
            return ()
        documents = [
            {"_id": name, "since": since, "received_at": one["received_at"]} for name, one in names.items()
        ]
        with unavailable_on_error():
            try:
                await self._counted.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                if any(one["code"] != DUPLICATE_KEY for one in (error.details or {})["writeErrors"]):
                    raise
        noted = await _matching(self._counted, {"_id": {"$in": list(names)}})
        return {names[one["_id"]]["request_id"] for one in noted if one["since"] == since}


async def _matching(collection: AsyncCollection[dict[str, Any]], matched: Document) -> list[dict[str, Any]]:
    # Not find(): NX-27017 uses no index for it.
    with unavailable_on_error():
        return await (await collection.aggregate([{"$match": matched}])).to_list()


def _package(release: Release, slot: str) -> str:
    return {STABLE: release.stable, CANDIDATE: release.candidate}[slot].sha256


def _is_of(release: Release, feedback: Document) -> bool:
    slot = feedback["slot"]
    return (
        slot in SLOTS
        and feedback["package_sha256"] == _package(release, slot)
        and feedback["predicted_at"] >= release.started_at
    )
