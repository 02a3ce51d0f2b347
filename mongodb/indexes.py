"""The indexes of the collections, and how to bring a database that has older ones to them."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

SAMPLES_KEPT_SECONDS = 7 * 24 * 3600
INDEX_OPTIONS_CONFLICT = 85
EXPIRING = {"samples": "created_at", "feedback": "received_at"}  # those that may become large
OF_ONE_PACKAGE = (("slot", ASCENDING), ("window", ASCENDING))  # unique in older databases


async def create_indexes(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Create what is missing; safe to repeat and to run from several programs at once."""
    package = [("slot", ASCENDING), ("package_sha256", ASCENDING)]
    await database.samples.create_index([("slot", ASCENDING), ("position", ASCENDING)])
    await database.samples.create_index([*package, ("position", ASCENDING)])
    await database.samples.create_index("request_id")
    await database.samples.create_index("trial_position", sparse=True)
    await database.feedback.create_index([*package, ("position", ASCENDING)])
    await _drop(database.drift_results, OF_ONE_PACKAGE)
    await database.drift_results.create_index([*package, ("window", ASCENDING)], unique=True)
    await database.drift_results.create_index([("slot", ASCENDING), ("window_end", DESCENDING)])
    await database.cursors.create_index("slot")
    looks_each_time = await looks_for_expired_each_time(database)
    for name, date in EXPIRING.items():
        if looks_each_time:
            await _drop(database[name], [(date, ASCENDING)])
        else:
            await expire(database[name], date, SAMPLES_KEPT_SECONDS)


async def looks_for_expired_each_time(database: AsyncDatabase[dict[str, Any]]) -> bool:
    """Tell whether the server is NX-27017.

    Before each command about a collection that expires it reads all of its documents: 0.1 s for 25,000.
    MongoDB removes what has expired by itself, once a minute.
    """
    return (await database.command("buildInfo")).get("process") == "nx_27017"


async def remove_expired(database: AsyncDatabase[dict[str, Any]], now: datetime) -> None:
    """Remove what has expired of what may become large, where the server does not by itself."""
    if await looks_for_expired_each_time(database):
        oldest = now - timedelta(seconds=SAMPLES_KEPT_SECONDS)
        for name, date in EXPIRING.items():
            await database[name].delete_many({date: {"$lt": oldest}})


async def _drop(collection: AsyncCollection[dict[str, Any]], key: Sequence[tuple[str, int]]) -> None:
    for name, index in (await collection.index_information()).items():  # NX-27017 has names of its own
        if [*index["key"]] == [*key]:
            with suppress(OperationFailure):  # another program was faster
                await collection.drop_index(name)


async def expire(collection: AsyncCollection[dict[str, Any]], date: str, seconds: int) -> None:
    """Have documents removed so long after their date, also where there is an index with another time."""
    try:
        await collection.create_index(date, expireAfterSeconds=seconds)
    except OperationFailure as error:
        if error.code != INDEX_OPTIONS_CONFLICT:
            raise
        # There is one with another time, which create_index does not change.
        index = {"keyPattern": {date: 1}, "expireAfterSeconds": seconds}
        await collection.database.command("collMod", collection.name, index=index)
