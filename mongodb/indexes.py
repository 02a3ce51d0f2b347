"""The indexes of the collections, and how to bring a database that has older ones to them."""

from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

SAMPLES_KEPT_SECONDS = 7 * 24 * 3600
INDEX_OPTIONS_CONFLICT = 85


async def create_indexes(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Create what is missing; safe to repeat and to run from several programs at once."""
    await database.samples.create_index([("slot", ASCENDING), ("position", ASCENDING)])
    await _expire_samples(database)
    await database.drift_results.create_index([("slot", ASCENDING), ("window", ASCENDING)], unique=True)
    await database.drift_results.create_index([("slot", ASCENDING), ("window_end", DESCENDING)])


async def _expire_samples(database: AsyncDatabase[dict[str, Any]]) -> None:
    try:
        await database.samples.create_index("created_at", expireAfterSeconds=SAMPLES_KEPT_SECONDS)
    except OperationFailure as error:
        if error.code != INDEX_OPTIONS_CONFLICT:
            raise
        # There is one with another time, which create_index does not change.
        index = {"keyPattern": {"created_at": 1}, "expireAfterSeconds": SAMPLES_KEPT_SECONDS}
        await database.command("collMod", "samples", index=index)
