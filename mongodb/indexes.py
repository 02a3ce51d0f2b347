"""The indexes of the collections, and how to bring a database that has older ones to them."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

SAMPLES_KEPT_SECONDS = 7 * 24 * 3600
INDEX_OPTIONS_CONFLICT = 85
OF_ONE_PACKAGE = (("slot", ASCENDING), ("window", ASCENDING))  # unique in older databases


async def create_indexes(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Create what is missing; safe to repeat and to run from several programs at once."""
    package = [("slot", ASCENDING), ("package_sha256", ASCENDING)]
    await database.samples.create_index([("slot", ASCENDING), ("position", ASCENDING)])
    await database.samples.create_index([*package, ("position", ASCENDING)])
    await _expire_samples(database)
    await _drop(database.drift_results, OF_ONE_PACKAGE)
    await database.drift_results.create_index([*package, ("window", ASCENDING)], unique=True)
    await database.drift_results.create_index([("slot", ASCENDING), ("window_end", DESCENDING)])
    await database.cursors.create_index("slot")


async def _drop(collection: AsyncCollection[dict[str, Any]], key: Sequence[tuple[str, int]]) -> None:
    for name, index in (await collection.index_information()).items():  # NX-27017 has names of its own
        if [*index["key"]] == [*key]:
            with suppress(OperationFailure):  # another program was faster
                await collection.drop_index(name)


async def _expire_samples(database: AsyncDatabase[dict[str, Any]]) -> None:
    try:
        await database.samples.create_index("created_at", expireAfterSeconds=SAMPLES_KEPT_SECONDS)
    except OperationFailure as error:
        if error.code != INDEX_OPTIONS_CONFLICT:
            raise
        # There is one with another time, which create_index does not change.
        index = {"keyPattern": {"created_at": 1}, "expireAfterSeconds": SAMPLES_KEPT_SECONDS}
        await database.command("collMod", "samples", index=index)
