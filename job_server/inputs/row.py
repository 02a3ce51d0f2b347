"""A row's numbers: finite, and such as float32 holds."""

import math
from collections.abc import Sequence

import numpy as np

from job_server.inputs.reading import Reading

MAX_SHOWN = 40
MAX_DIGITS = 1000


class BadRow(Exception):
    """A row is none that the model takes; the message says why."""


def pack(values: Sequence[object], reading: Reading) -> bytes:
    """Return the numbers as float32, little-endian, in the features' order.

    Raises:
        BadRow: there are not as many as features, or one is no finite number.
    """
    features = reading.features
    if len(values) != len(features):
        raise BadRow(f"The row has {len(values)} numbers. Send {len(features)}.")
    numbers = [number(name, value) for name, value in zip(features, values, strict=True)]
    with np.errstate(over="ignore", under="ignore"):  # what float32 cannot hold becomes infinite
        row = np.array(numbers, np.float64).astype("<f4")
    finite = np.isfinite(row)
    if not finite.all():
        raise no_number(features[int(np.argmin(finite))], values[int(np.argmin(finite))])
    return row.tobytes()


def number(name: str, value: object) -> float:
    """Return a JSON number; BadRow when it is something else: in Python true would be 1."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise no_number(name, value)
    try:
        return float(value)
    except OverflowError as error:
        raise no_number(name, "a number beyond all bounds") from error


def parse_number(name: str, text: str) -> float:
    """Return the number that stands in a table.

    Raises:
        BadRow: there is none, or only Python would read it as one, such as 1_000.
    """
    text = text.strip()
    if not text:
        raise BadRow(f"Column {name!r} is empty. Send a finite number.")
    try:
        value = float(text) if len(text) <= MAX_DIGITS and text.isascii() and "_" not in text else math.nan
    except ValueError as error:
        raise no_number(name, text) from error
    if not math.isfinite(value):
        raise no_number(name, text)
    return value


def no_number(name: str, value: object) -> BadRow:
    """Return the error of a value that is not to be taken."""
    shown = value[:MAX_SHOWN] if isinstance(value, str) else value
    if isinstance(shown, list | dict):
        return BadRow(f"Column {name!r} holds a list or an object. Send a finite number.")
    return BadRow(f"Column {name!r} is {shown!r:.60}. Send a finite number that float32 holds.")
