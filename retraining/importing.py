"""Examples that are there already: a folder of images by class, or a table. They pass the stream's checks.

Those that production was trained on are kept as such: they are trained on again, and never judged by.
"""

import csv
import hashlib
import json
import mimetypes
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from inference.decoding import fault_of
from training_data.intake import GOLDEN, INBOX, Intake
from training_data.reading import ROW_TYPE, read
from training_data.record import Message, Record, Refusal
from training_data.sides import TRAINED
from training_data.task import Task

LABEL = "label"
AT_ONCE = 1000
LONGEST_NAME = 100
MAX_PIXELS, SHORT_SIDE = 25_000_000, 224


class CannotImport(Exception):
    """The examples cannot be taken; the message says why."""


def import_examples(intake: Intake, source: Path, *, golden: bool) -> int:
    """Take what is new of a folder or a table, and return how many that was.

    The folder has a folder of images for each class; the table has the features' columns, and `label`.

    Raises:
        CannotImport: it is neither, or holds what is no example of this task.
        OSError: it cannot be read, or the intake cannot be written.
    """
    taken, batch = 0, list[Record]()
    for message in _messages(source, intake.task, "golden-" if golden else TRAINED):
        found = read(message, intake.task, "import")
        fault = found.detail if isinstance(found, Refusal) else _fault_of(found)
        if fault is not None or isinstance(found, Refusal):
            raise CannotImport(f"{source}: {(message.key or b'').decode()}: {fault}")
        batch.append(found)
        if len(batch) == AT_ONCE:
            taken += _take(intake, batch, golden=golden)
            batch = []
    return taken + _take(intake, batch, golden=golden)


def _fault_of(record: Record) -> str | None:
    """Return why no model could learn an image; each run would fail by it."""
    return fault_of(record.content, MAX_PIXELS, SHORT_SIDE) if record.content else None


def _take(intake: Intake, records: list[Record], *, golden: bool) -> int:
    with intake.locked():
        new = intake.sort(records).new
        shard = intake.store(new, GOLDEN if golden else INBOX)
        intake.note(shard, new, {}, {})
    return len(new)


def _messages(source: Path, task: Task, prefix: str) -> Iterator[Message]:
    if task.kind == "image":
        yield from _images(source, task, prefix)
    else:
        yield from _rows(source, task, prefix)


def _images(source: Path, task: Task, prefix: str) -> Iterator[Message]:
    if not source.is_dir():
        raise CannotImport(f"{source}: there is no such folder; examples of images are a folder of folders")
    folders = {path.name for path in source.iterdir() if path.is_dir() and not path.name.startswith(".")}
    if folders != set(task.classes):
        raise CannotImport(f"{source}: its folders must be the classes: {', '.join(task.classes)}")
    files = [(path, label) for label in task.classes for path in sorted((source / label).glob("[!.]*"))]
    for number, (path, label) in enumerate(files):
        content, kind = path.read_bytes(), mimetypes.guess_type(path.name)[0] or ""
        key = _id(prefix, f"{label}-{path.stem}", content)
        yield Message(key, _headers(kind, label, path), content, 0, number)


def _rows(source: Path, task: Task, prefix: str) -> Iterator[Message]:
    if not source.is_file():
        raise CannotImport(f"{source}: there is no such file; examples of rows are a CSV file")
    columns = {*task.features, LABEL}
    try:
        with source.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file)
            names, lines = table.fieldnames or (), list(table)
    except (UnicodeDecodeError, csv.Error) as error:
        raise CannotImport(f"{source}: {error}") from error
    if set(names) != columns:
        raise CannotImport(f"{source}: its columns must be {', '.join([*task.features, LABEL])}")
    for number, line in enumerate(lines):
        if line.keys() != columns or None in line.values():
            raise CannotImport(f"{source}: row {number + 1} has not as many values as there are columns")
        headers = _headers(ROW_TYPE, line.pop(LABEL), source)
        members = ", ".join(f"{json.dumps(name)}: {value or 'null'}" for name, value in line.items())
        content = f"{{{members}}}".encode()
        yield Message(_id(prefix, f"{source.stem}-{number}", content), headers, content, 0, number)


def _id(prefix: str, name: str, content: bytes) -> bytes:
    """Return an id that tells where it came from; other files of the same name have others."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:LONGEST_NAME]
    return f"{prefix}{plain}-{hashlib.sha256(content).hexdigest()[:8]}".encode()


def _headers(kind: str, label: str, source: Path) -> dict[str, bytes]:
    time = datetime.fromtimestamp(source.stat().st_mtime, UTC)
    return {
        "content-type": kind.encode(),
        "label": label.encode(),
        "recorded-at": time.isoformat().encode(),
    }
