"""A message of the stream as a record, or why it is none. Its image is not decoded here."""

import hashlib
import math
import re
from datetime import UTC, datetime
from typing import Any

import numpy as np

from inference.json_bounds import JsonBounds
from inference.strict_json import BadJson, parse
from training_data.record import Message, Reason, Record, Refusal
from training_data.task import Task

MAX_BYTES = 900_000  # Kafka's own bound of a message is a million
MOST = 1e15  # squares and sums of float32 stay finite
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
ROW_TYPE = "application/json"
IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp", "image/avif", "image/gif")


def read(message: Message, task: Task, source: str) -> Record | Refusal:
    """Return the record that a message holds, or why it holds none."""
    try:
        return _read(message, task, source)
    except _Refused as refused:
        return refused.refusal


class _Refused(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        self.refusal = Refusal(reason, detail)


def _read(message: Message, task: Task, source: str) -> Record:
    content = message.value or b""
    identifier = _id(message.key)
    if len(content) > MAX_BYTES:
        raise _Refused(Reason.TOO_LARGE, f"It has {len(content)} bytes; send at most {MAX_BYTES}.")
    label = _label(message, task)
    recorded_at = _time(message)
    content_type = _text(message, "content-type", Reason.CONTENT_TYPE)
    if task.kind == "image":
        if content_type not in IMAGE_TYPES:
            raise _Refused(
                Reason.CONTENT_TYPE, f"Its type is {content_type!r}; send {', '.join(IMAGE_TYPES)}."
            )
        values: tuple[float, ...] = ()
        digest = hashlib.sha256(content).hexdigest()
    else:
        if content_type != ROW_TYPE:
            raise _Refused(Reason.CONTENT_TYPE, f"Its type is {content_type!r}; send {ROW_TYPE}.")
        values = _row(content, task.features)
        digest = digest_of_row(values)
        content = b""
    return Record(
        identifier, label, recorded_at, digest, source, message.offset, content, content_type, values
    )


def digest_of_row(values: tuple[float, ...]) -> str:
    """Return the SHA-256 of a row's values as little-endian float32, in hex: as a model gets them."""
    return hashlib.sha256(np.asarray(values, "<f4").tobytes()).hexdigest()


def _id(key: bytes | None) -> str:
    text = (key or b"").decode("utf-8", "replace")
    if not ID.fullmatch(text):
        detail = "Its key is no id: send 1 to 128 of A-Z a-z 0-9 . _ - that begin with a letter or digit."
        raise _Refused(Reason.ID, detail)
    return text


def _text(message: Message, header: str, reason: Reason) -> str:
    text = message.headers.get(header, b"")
    if not text:
        raise _Refused(reason, f"It has no header {header!r}.")
    return text[:256].decode("utf-8", "replace")


def _label(message: Message, task: Task) -> str:
    label = _text(message, "label", Reason.LABEL)
    if task.classes:
        if label not in task.classes:
            raise _Refused(Reason.LABEL, f"{label!r} is no class; the classes are {', '.join(task.classes)}.")
        return label
    try:
        value = float(label)
    except ValueError:
        value = math.nan
    with np.errstate(over="ignore"):
        is_learnable = math.isfinite(np.float32(value))
    if not is_learnable:
        raise _Refused(Reason.LABEL, f"{label!r} is no number of a float32.")
    return repr(value)


def _time(message: Message) -> datetime:
    text = _text(message, "recorded-at", Reason.TIME)
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is not None:
            return time.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    detail = f"{text!r} is no time with its offset from UTC: send one such as 2026-11-30T12:00:00Z."
    raise _Refused(Reason.TIME, detail)


def _row(content: bytes, features: tuple[str, ...]) -> tuple[float, ...]:
    try:
        found = parse(content, JsonBounds(len(features) + 2, 1))
    except BadJson as error:
        raise _Refused(Reason.NOT_A_ROW, f"It is no JSON object of the features: {error}.") from None
    if not isinstance(found, dict):
        raise _Refused(Reason.NOT_A_ROW, "It is no JSON object of the features.")
    missing = [name for name in features if name not in found]
    unknown = [name for name in found if name not in features]
    if missing or unknown:
        fault = f"has no {missing[0]!r}" if missing else f"has {unknown[0][:64]!r}, which is no feature"
        raise _Refused(Reason.NOT_A_ROW, f"The row {fault}; the features are {', '.join(features)}.")
    return tuple(_number(found[name], name) for name in features)


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Refused(Reason.NOT_A_ROW, f"{name!r} is no number.")
    with np.errstate(over="ignore"):
        as_float32 = float(np.float32(value)) if abs(value) < 1e300 else math.inf
    if not abs(as_float32) <= MOST:
        raise _Refused(Reason.NOT_A_ROW, f"{name!r} is larger than {MOST:g}, too large to be learnt from.")
    return as_float32
