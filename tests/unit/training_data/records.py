"""Messages and records of two small tasks."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from training_data.record import Message, Record
from training_data.task import Task

IMAGES = Task("image", (), ("apple", "lemon"))
ROWS = Task("row", ("age", "income"), ("repaid", "defaulted"))
NUMBERS = Task("row", ("age", "income"), ())
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def message(
    value: bytes | None = b'{"age": 40, "income": 30000.5}',
    *,
    key: bytes | None = b"r-1",
    offset: int = 0,
    headers: Mapping[str, bytes] | None = None,
    **changed: bytes,
) -> Message:
    """Return a good row's message, but for what is told."""
    usual = {"content-type": b"application/json", "label": b"repaid", "recorded-at": b"2026-11-30T12:00:00Z"}
    changes = {name.replace("_", "-"): text for name, text in changed.items()}
    return Message(key, usual | changes if headers is None else headers, value, 0, offset)


def row(**changed: Any) -> bytes:
    """Return a row's JSON."""
    return json.dumps({"age": 40, "income": 30000.5} | changed).encode()


def record(
    number: int, *, digest: str = "", source: str = "t/0", position: int = -1, label: str = "apple"
) -> Record:
    """Return an image's record."""
    content = f"image {number}".encode()
    position = number if position < 0 else position
    return Record(f"r-{number}", label, NOON, digest or f"d{number}", source, position, content, "image/jpeg")
