"""A shard: a file of records that is written once. A zip, so that anybody can look into it.

`records.csv` has a line for each record: its id, label, time, digest, source and position, then the file's
name among `images/`, or the row's values.
"""

import csv
import io
import zipfile
from collections.abc import Container, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from service import durable
from training_data.record import Record
from training_data.task import Task

TABLE, IMAGES = "records.csv", "images"
COLUMNS = ("id", "label", "recorded_at", "digest", "source", "position")
NO_SHARD = (zipfile.BadZipFile, KeyError, RuntimeError, ValueError)
FILE, TYPE = "file", "content_type"


def write_shard(path: Path, records: Sequence[Record], task: Task) -> None:
    """Write the records; the file has its name when it is whole and on the disk."""
    part = path.with_name(f".{path.name}{durable.PART}")
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    names = (FILE, TYPE) if task.kind == "image" else task.features
    writer.writerow([*COLUMNS, *names])
    with part.open("wb") as file, zipfile.ZipFile(file, "w") as archive:
        for one in records:
            known = (one.id, one.label, one.recorded_at.isoformat(), one.digest, one.source, one.position)
            if task.kind == "image":
                name = f"{IMAGES}/{one.id}.{one.content_type.partition('/')[2]}"
                archive.writestr(_entry(name), one.content)
                writer.writerow([*known, name, one.content_type])
            else:
                writer.writerow([*known, *(repr(value) for value in one.values)])
        archive.writestr(_entry(TABLE), table.getvalue(), zipfile.ZIP_DEFLATED)
    durable.settle(part, path)


def read_shard(
    path: Path, task: Task, *, with_images: bool = True, ids: Container[str] | None = None
) -> Iterator[Record]:
    """Yield the records, or those with these ids; without the images' bytes where these are not asked for.

    Raises:
        OSError, zipfile.BadZipFile, KeyError, RuntimeError, ValueError: it is no shard of this task.
    """
    with zipfile.ZipFile(path) as archive:
        lines = csv.reader(io.StringIO(archive.read(TABLE).decode("utf-8")))
        next(lines)  # a feature may have any name, so the columns count by their places
        for identifier, label, recorded_at, digest, source, position, *rest in lines:
            if ids is not None and identifier not in ids:
                continue
            known = (identifier, label, datetime.fromisoformat(recorded_at), digest, source, int(position))
            if task.kind == "image":
                file, content_type = rest
                yield Record(*known, archive.read(file) if with_images else b"", content_type)
            else:
                yield Record(*known, values=tuple(map(float, rest)))


def _entry(name: str) -> zipfile.ZipInfo:
    """Return a file's entry without the time of day: the same records make the same bytes."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = durable.FILE_MODE << 16
    return entry
