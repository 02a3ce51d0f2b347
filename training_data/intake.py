"""The folder in which good records are kept, each once, until a data set takes them.

    inbox/00000012.zip    shards that no data set has taken yet
    golden/               shards that no model is ever trained on
    repository/shards/    shards that a data set has taken
    index.sqlite          what has been seen (index.py)

A shard is written first and noted then, so a process may be killed at any instant: a shard that the index
does not know is noted at the next start, and what comes again is known by its source and position.
"""

import fcntl
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service import durable
from training_data.index import Index
from training_data.record import Reason, Record, Refusal
from training_data.shard import NO_SHARD, read_shard, write_shard
from training_data.task import Task

INBOX, GOLDEN, SHARDS, REPOSITORY = "inbox", "golden", "shards", "repository"
STORED, REFUSED = "stored", "refused"


class BadShard(Exception):
    """A shard cannot be read; the message says which one, and what to do."""


@dataclass(frozen=True)
class Sorted:
    """Records that are new, those that were stored before and come again, and those that are refused."""

    new: list[Record]
    again: list[Record]
    refused: list[tuple[Record, Refusal]]


class Intake:
    """Keeps the records of a task; `locked` lets one process at a time change what is kept."""

    def __init__(self, folder: Path, task: Task) -> None:
        self.folder = folder / task.key
        self.task = task
        self.index = Index(self.folder / "index.sqlite")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait for whoever changes it now, then keep others from it until the block ends."""
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def prepare(self) -> None:
        """Make what is missing, and note the shards that a killed process has not noted.

        Raises:
            OSError: the folder cannot be written.
            BadIndex: the index is damaged.
            BadShard: a shard is, or is none.
        """
        for name in (INBOX, GOLDEN):
            durable.make_folder(self.folder / name)
        with self.locked():
            self.index.prepare()
            known = self.index.shards()
            for path in self._shards():
                if path.name not in known:
                    records = self.read(path)
                    self.index.add(path.name, records, {}, {STORED: len(records)})

    def waiting(self) -> int:
        """Return how many records no data set has taken yet."""
        return self.index.count_in([path.name for path in (self.folder / INBOX).glob("*.zip")])

    def sort(self, records: Sequence[Record]) -> Sorted:
        """Return which records are new."""
        by_id = self.index.by_id([one.id for one in records])
        by_digest = self.index.by_digest([one.digest for one in records])
        found, ids, digests = Sorted([], [], []), set[str](), set[str]()
        for one in records:
            seen, same = by_id.get(one.id), by_digest.get(one.digest)
            if seen and (seen.source, seen.position) == (one.source, one.position):
                found.again.append(one)
            elif seen or one.id in ids:
                found.refused.append(
                    (one, Refusal(Reason.SEEN_ID, f"A record with the id {one.id} is here."))
                )
            elif self._is_known(same.shard if same else None) or one.digest in digests:
                detail = "Its content is here under another id; of rows: in the golden set."
                found.refused.append((one, Refusal(Reason.SEEN_CONTENT, detail)))
            else:
                found.new.append(one)
                ids.add(one.id)
                if self.task.kind == "image":
                    digests.add(one.digest)
        return found

    def store(self, records: Sequence[Record], folder: str = INBOX) -> str | None:
        """Write the records into a shard, and return its name; None where there are none."""
        if not records:
            return None
        used = self.index.shards().union(path.name for path in self._shards())
        name = f"{folder}-{max(map(number_of, used), default=0) + 1:08}.zip"
        write_shard(self.folder / folder / name, records, self.task)
        return name

    def note(
        self,
        shard: str | None,
        records: Sequence[Record],
        next_positions: Mapping[str, int],
        refused: Mapping[str, int],
    ) -> None:
        """Note what a shard holds, how far the sources were read, and how many were refused by reason."""
        counts = Counter({STORED: len(records), **{f"{REFUSED}:{name}": n for name, n in refused.items()}})
        self.index.add(shard, records, next_positions, {name: n for name, n in counts.items() if n})

    def _is_known(self, shard: str | None) -> bool:
        """Tell whether a content that a shard holds may not come again.

        Two rows may well be alike, and two images are one; what is in the golden set is never trained on.
        """
        return shard is not None and (self.task.kind == "image" or shard.startswith(GOLDEN))

    def read(self, path: Path) -> list[Record]:
        """Return a shard's records without their images; raises OSError or BadShard."""
        try:
            return list(read_shard(path, self.task, with_images=False))
        except NO_SHARD as error:
            raise BadShard(f"{path}: {error}. Remove it: its records are lost, the others go on.") from error

    def _shards(self) -> list[Path]:
        folders = (INBOX, GOLDEN, f"{REPOSITORY}/{SHARDS}")
        return sorted(path for name in folders for path in (self.folder / name).glob("*.zip"))


def number_of(shard: str) -> int:
    """Return the number in a shard's name; none is ever given twice."""
    return int(Path(shard).stem.rpartition("-")[2])
