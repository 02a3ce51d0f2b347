"""Make a version of the data set of what was collected. It may be killed anywhere, and be done again.

The inbox' shards are committed to the repository, and only then removed from the inbox.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from inference.checksum import sha256_of
from retraining.datasets.version import DatasetVersion, ShardSummary
from retraining.repository.repository import Version
from training_data.intake import GOLDEN, INBOX, SHARDS, Intake

VERSION_FILE = "dataset.json"
TAG = "dataset-"


class Repository(Protocol):
    """Where versions are kept."""

    @property
    def folder(self) -> Path:
        """Return its place."""

    def tags(self, prefix: str = "") -> list[str]:
        """Return the tags that begin so, by the numbers in them."""

    def read(self, tag: str, path: str) -> bytes:
        """Return a small file as it was committed."""

    def commit(self, version: Version) -> str:
        """Keep a version, and return its revision."""


def newest(repository: Repository) -> DatasetVersion | None:
    """Return the newest version, None where there is none."""
    tags = repository.tags(TAG)
    return DatasetVersion.model_validate_json(repository.read(tags[-1], VERSION_FILE)) if tags else None


def freeze(
    intake: Intake,
    repository: Repository,
    most_records: int,
    now: datetime,
    *,
    besides: Collection[Path] = (),
) -> DatasetVersion | None:
    """Return the version that has all that was collected; the newest one where nothing was.

    Shards `besides` stay in the inbox, for a later version. Beyond `most_records` the oldest shards are left
    out; earlier versions keep them, one of their own where they are new. None where there is nothing at all.
    """
    version = newest(repository)
    with intake.locked():
        found = [path for name in (GOLDEN, INBOX) for path in (intake.folder / name).glob("*.zip")]
    files = {path.name: path for path in found if path not in besides}
    known = {one.name: one for one in version.shards} if version else {}
    new = {name: path for name, path in files.items() if name not in known}
    if new:
        read = [_summary(path, intake) for path in new.values()]
        shards = within([*known.values(), *read], most_records)
        if left_out := [one for one in read if one not in shards]:
            kept = [one for one in shards if one.name in known]
            version = DatasetVersion.of(intake.task.key, [*kept, *left_out], parent=version, created_at=now)
            _commit(repository, version, new)
        version = DatasetVersion.of(intake.task.key, shards, parent=version, created_at=now)
        _commit(repository, version, new)
    for path in files.values():
        if path.parent.name == INBOX:
            path.unlink(missing_ok=True)
    return version


def leave_inbox(intake: Intake, version: DatasetVersion) -> None:
    """Remove what a version has from the inbox."""
    for shard in version.shards:
        (intake.folder / INBOX / shard.name).unlink(missing_ok=True)


def new_shards(repository: Repository, version: DatasetVersion) -> tuple[str, ...]:
    """Return the names of those shards that the version before had not."""
    before = set[str]()
    if version.parent is not None:
        parent = repository.read(f"{TAG}{version.parent}", VERSION_FILE)
        before = {one.name for one in DatasetVersion.model_validate_json(parent).shards}
    return tuple(one.name for one in version.shards if one.name not in before)


def place_of(shard: str) -> Path:
    """Return where in the repository a shard lies."""
    return Path(GOLDEN if shard.startswith(GOLDEN) else SHARDS, shard)


def within(shards: Sequence[ShardSummary], most_records: int) -> list[ShardSummary]:
    """Return the newest shards that have so many records, and all golden ones."""
    kept: list[ShardSummary] = []
    for one in sorted(shards, key=lambda one: one.name, reverse=True):
        if one.name.startswith(GOLDEN):
            continue
        if kept and sum(map(records_in, kept)) + records_in(one) > most_records:
            break
        kept.append(one)
    return [*(one for one in shards if one.name.startswith(GOLDEN)), *reversed(kept)]


def records_in(shard: ShardSummary) -> int:
    """Return how many records a shard has."""
    return sum(sum(labels.values()) for labels in shard.counts.values())


def _commit(repository: Repository, version: DatasetVersion, new: Mapping[str, Path]) -> None:
    kept = {one.name: new.get(one.name) or repository.folder / place_of(one.name) for one in version.shards}
    repository.commit(
        Version(
            tag=f"{TAG}{version.number}",
            message=f"Data set {version.number}: {version.id}",
            data={name: _within(kept, name) for name in (SHARDS, GOLDEN) if _within(kept, name)},
            plain={VERSION_FILE: version.model_dump_json(indent=1).encode()},
        )
    )


def _within(files: Mapping[str, Path], folder: str) -> dict[str, Path]:
    return {name: path for name, path in files.items() if place_of(name).parent.name == folder}


def _summary(path: Path, intake: Intake) -> ShardSummary:
    records = intake.read(path)
    return ShardSummary.of(path.name, sha256_of(path), records, classes=intake.task.classes)
