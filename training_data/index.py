"""What has been seen: each record's id and content, how far each source was read, how many came.

A SQLite file, changed in one step with each shard. It can be made again from the shards.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from training_data.record import Record

TABLES = """
CREATE TABLE IF NOT EXISTS shards (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS records (
    id TEXT PRIMARY KEY, digest TEXT NOT NULL,
    shard TEXT NOT NULL, source TEXT NOT NULL, position INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_digest ON records (digest);
CREATE INDEX IF NOT EXISTS by_shard ON records (shard);
CREATE TABLE IF NOT EXISTS positions (source TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counts (outcome TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
"""
AT_ONCE = 500  # SQLite's bound of variables in a statement is 32766, older ones' 999
WAIT_SECONDS = 30.0


class BadIndex(Exception):
    """The index cannot be read; the message says what to do."""


@dataclass(frozen=True)
class Seen:
    """A record that was stored: in which shard, and where it came from."""

    shard: str
    source: str
    position: int


class Index:
    """The index in a file; each call is a transaction of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def prepare(self) -> None:
        """Make the file and its tables where they are missing."""
        with self._transaction() as database:
            database.executescript(TABLES)

    def shards(self) -> set[str]:
        """Return the names of the shards whose records are known."""
        with self._transaction() as database:
            return {name for (name,) in database.execute("SELECT name FROM shards")}

    def by_id(self, ids: Sequence[str]) -> dict[str, Seen]:
        """Return those of the ids that are known."""
        return self._look_up("id", ids)

    def by_digest(self, digests: Sequence[str]) -> dict[str, Seen]:
        """Return those of the contents that are known."""
        return self._look_up("digest", digests)

    def count_in(self, shards: Sequence[str]) -> int:
        """Return how many records some shards have."""
        with self._transaction() as database:
            counts = [
                database.execute("SELECT COUNT(*) FROM records WHERE shard = ?", (one,)).fetchone()[0]
                for one in shards
            ]
        return sum(counts)

    def next_positions(self) -> dict[str, int]:
        """Return where to read on in each source that was read."""
        with self._transaction() as database:
            return dict(database.execute("SELECT source, next FROM positions"))

    def counts(self) -> dict[str, int]:
        """Return how many records came, by outcome."""
        with self._transaction() as database:
            return dict(database.execute("SELECT outcome, number FROM counts"))

    def add(
        self,
        shard: str | None,
        records: Iterable[Record],
        next_positions: Mapping[str, int],
        counts: Mapping[str, int],
    ) -> None:
        """Note a shard's records, how far the sources were read and how many came, all in one step."""
        with self._transaction() as database:
            if shard is not None:
                database.execute("INSERT OR IGNORE INTO shards VALUES (?)", (shard,))
                database.executemany(
                    "INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?)",
                    [(one.id, one.digest, shard, one.source, one.position) for one in records],
                )
            database.executemany(
                "INSERT INTO positions VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET next = excluded.next",
                next_positions.items(),
            )
            database.executemany(
                "INSERT INTO counts VALUES (?, ?)"
                " ON CONFLICT (outcome) DO UPDATE SET number = number + excluded.number",
                counts.items(),
            )

    def _look_up(self, column: str, values: Sequence[str]) -> dict[str, Seen]:
        found = {}
        with self._transaction() as database:
            for start in range(0, len(values), AT_ONCE):
                some = values[start : start + AT_ONCE]
                marks = ", ".join("?" * len(some))
                rows = database.execute(
                    f"SELECT {column}, shard, source, position FROM records WHERE {column} IN ({marks})",  # noqa: S608 - no value
                    some,
                )
                found.update({value: Seen(*rest) for value, *rest in rows})
        return found

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=WAIT_SECONDS)) as database, database:
                database.execute("PRAGMA synchronous = FULL")
                yield database
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise OSError(f"{self._path}: {error}") from error
            raise BadIndex(f"{self._path}: {error}. Remove it: it is made again from the shards.") from error
