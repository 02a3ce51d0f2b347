"""The outbox: messages for people, each kept until every channel has taken it or was given up.

A message is put once, however often somebody puts it: its key is what it is about. Before a channel is asked
to take it that is noted, and afterwards how it went. Killed in between, nobody can know whether it was taken:
it is sent again, and `begun` says that this may be a repeat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from mongodb.errors import unavailable_on_error
from mongodb.indexes import expire

KEPT_SECONDS = 14 * 24 * 3600  # so long a message is known, and not sent again


@dataclass(frozen=True)
class Message:
    """What people are told; `about` names all that it tells, and is its key alone where left out."""

    key: str
    subject: str
    body: str
    about: tuple[str, ...] = ()


@dataclass(frozen=True)
class Delivery:
    """How far a message is on its way to one channel; times are aware UTC."""

    key: str
    subject: str
    body: str
    created_at: datetime
    attempts: int
    failed_at: datetime | None
    begun: bool


@dataclass(frozen=True)
class GivenUp:
    """A message that a channel never took."""

    key: str
    channel: str


@dataclass(frozen=True)
class Backlog:
    """How many deliveries wait, since when the oldest one does, and for which channels."""

    deliveries: int
    oldest: datetime | None
    channels: frozenset[str]


class Outbox:
    """The messages and their deliveries; every method raises StoreUnavailable when the database is away.

    `channels` are the names of those that a new message goes to, of letters, digits and underscores.
    """

    def __init__(self, collection: AsyncCollection[dict[str, Any]], channels: Sequence[str]) -> None:
        self._messages = collection
        self._channels = tuple(channels)

    async def prepare(self) -> None:
        """Create the indexes; safe to repeat."""
        with unavailable_on_error():
            await self._messages.create_index("open")
            await self._messages.create_index("about")
            await expire(self._messages, "created_at", KEPT_SECONDS)

    async def put(self, message: Message, now: datetime) -> bool:
        """Keep a message for every channel; False when there is one of this key already."""
        document = {
            "_id": message.key,
            "subject": message.subject,
            "body": message.body,
            "about": list(message.about or (message.key,)),
            "created_at": now,
            "open": list(self._channels),
            "deliveries": {name: {"attempts": 0} for name in self._channels},
        }
        with unavailable_on_error():
            try:
                await self._messages.insert_one(document)
            except DuplicateKeyError:
                return False
        return True

    async def untold(self, things: Sequence[str]) -> list[str]:
        """Return those of the things that no message is about."""
        with unavailable_on_error():
            found = self._messages.find({"about": {"$in": list(things)}}, {"about": 1})
            told = {thing async for document in found for thing in document["about"]}
        return [thing for thing in things if thing not in told]

    async def waiting(self, channel: str, limit: int = 100) -> list[Delivery]:
        """Return what the channel has not taken, the oldest first."""
        with unavailable_on_error():
            # $in: NX-27017 compares with a value that is alone as if the field were no list.
            found = self._messages.find({"open": {"$in": [channel]}}).sort("created_at", ASCENDING)
            return [_delivery(document, channel) async for document in found.limit(limit)]

    async def backlog(self) -> Backlog:
        """Return what waits for any channel."""
        with unavailable_on_error():
            found = self._messages.find({"open": {"$in": list(self._channels)}}, {"open": 1, "created_at": 1})
            documents = [document async for document in found]
        names = [name for document in documents for name in document["open"]]
        oldest = min((document["created_at"] for document in documents), default=None)
        return Backlog(len(names), oldest, frozenset(names))

    async def begin(self, key: str, channel: str) -> None:
        """Note that the channel is now asked to take the message."""
        place = f"deliveries.{channel}"
        await self._update(key, {"$set": {f"{place}.begun": True}, "$inc": {f"{place}.attempts": 1}})

    async def note_taken(self, key: str, channel: str, now: datetime) -> None:
        """Note that the channel has taken the message."""
        place = f"deliveries.{channel}"
        taken = {f"{place}.begun": False, f"{place}.taken_at": now.timestamp()}
        await self._update(key, {"$set": taken, "$pull": {"open": channel}})

    async def note_failed(self, key: str, channel: str, now: datetime) -> None:
        """Note that the channel did not take the message."""
        place = f"deliveries.{channel}"
        await self._update(key, {"$set": {f"{place}.begun": False, f"{place}.failed_at": now.timestamp()}})

    async def give_up(self, before: datetime) -> list[GivenUp]:
        """Give up what was put before that time, and what waits for channels that are no more; return it."""
        given_up: list[GivenUp] = []
        with unavailable_on_error():
            async for document in self._messages.find({"open": {"$exists": True, "$ne": []}}):
                old = document["created_at"] < before
                gone = [name for name in document["open"] if old or name not in self._channels]
                for name in gone:
                    await self._update(document["_id"], {"$pull": {"open": name}})
                given_up += [GivenUp(document["_id"], name) for name in gone]
        return given_up

    async def _update(self, key: str, update: Mapping[str, Any]) -> None:
        with unavailable_on_error():
            await self._messages.update_one({"_id": key}, update)


def _delivery(document: Mapping[str, Any], channel: str) -> Delivery:
    # Times within are numbers, as NX-27017 makes text of a date that an update sets, and 0 of a false.
    state = document["deliveries"].get(channel, {})
    failed_at = state.get("failed_at")
    return Delivery(
        key=document["_id"],
        subject=document["subject"],
        body=document["body"],
        created_at=document["created_at"],
        attempts=state.get("attempts", 0),
        failed_at=None if failed_at is None else datetime.fromtimestamp(failed_at, UTC),
        begun=bool(state.get("begun", False)),
    )
