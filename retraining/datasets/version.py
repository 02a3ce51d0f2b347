"""A version of the data set: which shards it has, and what they hold. Its id is the hash of that content."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from training_data.record import Record
from training_data.sides import GOLDEN, Side, side_of

SHA256 = r"^[0-9a-f]{64}$"


class Document(BaseModel):
    """What is kept as JSON, and never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ShardSummary(Document):
    """A shard's file by its SHA-256, and what it holds: counts by side and label, times, offsets."""

    name: str = Field(pattern=r"^(inbox|golden)-\d{8}\.zip$")
    sha256: str = Field(pattern=SHA256)
    counts: dict[Side, dict[str, int]]
    first: AwareDatetime
    last: AwareDatetime
    offsets: dict[str, tuple[int, int]]

    @classmethod
    def of(cls, name: str, sha256: str, records: Sequence[Record], *, classes: Sequence[str]) -> Self:
        """Summarise a shard's records; those of a golden shard stand on no side."""
        golden = name.startswith(GOLDEN)
        counts: dict[Side, dict[str, int]] = {}
        offsets: dict[str, tuple[int, int]] = {}
        for one in records:
            labels = counts.setdefault(GOLDEN if golden else side_of(one.id), {})
            label = one.label if classes else "value"
            labels[label] = labels.get(label, 0) + 1
            low, high = offsets.get(one.source, (one.position, one.position))
            offsets[one.source] = (min(low, one.position), max(high, one.position))
        times = [one.recorded_at for one in records]
        return cls(
            name=name, sha256=sha256, counts=counts, first=min(times), last=max(times), offsets=offsets
        )


class DatasetVersion(Document):
    """What a model is trained on (`train`), judged by (`held_out`), and never trained on (`golden`)."""

    number: int = Field(ge=1)
    id: str = Field(pattern=SHA256)
    parent: int | None
    created_at: AwareDatetime
    task: str
    shards: tuple[ShardSummary, ...]

    @classmethod
    def of(
        cls, task: str, shards: Sequence[ShardSummary], *, parent: Self | None, created_at: datetime
    ) -> Self:
        """Return the version that has these shards."""
        content = [task, sorted((one.name, one.sha256) for one in shards)]
        digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        ordered = tuple(sorted(shards, key=lambda one: one.name))
        return cls(
            number=parent.number + 1 if parent else 1,
            id=digest,
            parent=parent.number if parent else None,
            created_at=created_at,
            task=task,
            shards=ordered,
        )

    def counts(self, side: Side) -> Mapping[str, int]:
        """Return how many records of each label stand on a side."""
        found: dict[str, int] = {}
        for shard in self.shards:
            for label, number in shard.counts.get(side, {}).items():
                found[label] = found.get(label, 0) + number
        return found

    def size(self, side: Side) -> int:
        """Return how many records stand on a side."""
        return sum(self.counts(side).values())

    @property
    def offsets(self) -> dict[str, tuple[int, int]]:
        """Return the first and the last position of each source."""
        found: dict[str, tuple[int, int]] = {}
        for shard in self.shards:
            for source, (low, high) in shard.offsets.items():
                before = found.get(source, (low, high))
                found[source] = (min(before[0], low), max(before[1], high))
        return found
