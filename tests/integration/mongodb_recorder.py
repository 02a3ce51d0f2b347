"""Which rights in which collections of a database programs need, told from the commands that they send."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from pymongo.monitoring import CommandListener, CommandStartedEvent

Actions = Mapping[str, set[str]]

# By MongoDB's reference of privilege actions. A command that stands in neither fails the test.
ACTIONS = {
    "find": {"find"},
    "aggregate": {"find"},
    "getMore": {"find"},
    "count": {"find"},
    "distinct": {"find"},
    "insert": {"insert"},
    "update": {"update"},
    "delete": {"remove"},
    "findAndModify": {"find", "update"},
    "createIndexes": {"createIndex"},
    "dropIndexes": {"dropIndex"},
    "listIndexes": {"listIndexes"},
    "collMod": {"collMod"},
}
FREE = {"hello", "isMaster", "ismaster", "ping", "endSessions", "killCursors"}
OF_ONE_COLLECTION = {"$match", "$sort", "$limit", "$project", "$group"}  # others read or write a second one


class Recorder(CommandListener):
    """Notes which actions on which collections of a database were needed."""

    def __init__(self, database: str) -> None:
        self._database = database
        self.needed: dict[str, set[str]] = defaultdict(set)
        self.unknown: list[str] = []

    def note(self, database: str, command: Mapping[str, Any]) -> None:
        """Note a command; its name comes first in it."""
        name = next(iter(command))
        if name in FREE:
            return
        stages = {stage for one in command.get("pipeline", ()) for stage in one}
        if name not in ACTIONS or not stages <= OF_ONE_COLLECTION or database != self._database:
            self.unknown.append(f"{database}: {name} {sorted(stages)}")
            return
        collection = command["collection" if name == "getMore" else name]
        self.needed[collection] |= ACTIONS[name]
        if any(one.get("upsert") for one in (command, *command.get("updates", ()))):
            self.needed[collection].add("insert")

    def started(self, event: CommandStartedEvent) -> None:
        """Note a command of the driver's; what is raised here would be swallowed."""
        self.note(event.database_name, event.command)

    def succeeded(self, _: object) -> None:
        """Nothing is noted."""

    def failed(self, _: object) -> None:
        """Nothing is noted."""
