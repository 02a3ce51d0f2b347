"""JSON lines: a row a line, as an object of the features or a list of their numbers."""

import io
from collections.abc import Iterator
from typing import Any

from inference.json_bounds import JsonBounds
from inference.strict_json import BadJson, parse
from job_server.inputs.job_input import JobInput
from job_server.inputs.lines import read_lines
from job_server.inputs.names import clean
from job_server.inputs.reading import Reading
from job_server.inputs.row import BadRow, pack
from job_server.inputs.table import LABEL, shown

OTHER_VALUES = 1000  # beside the features
MAX_CONTAINERS = 100  # far below what Python's parser can nest


def read_json_lines(file: io.BufferedReader, reading: Reading) -> Iterator[JobInput]:
    """Yield the lines' rows; one that is bad has its own error, and blank lines are passed over.

    Raises:
        WrongInputs: 413, the job is too large.
    """
    for line in read_lines(file, reading):
        if line is None:
            yield reading.row(None, f"The line has more than {reading.limits.input_bytes} bytes. Send less.")
        elif line.strip():
            yield read_line(line, reading)


def read_line(line: bytes, reading: Reading) -> JobInput:
    """Return a line's row, or its error."""
    try:
        found = parse(line, JsonBounds(len(reading.features) + OTHER_VALUES, MAX_CONTAINERS))
        data = pack(values(found, reading), reading)
    except BadJson as error:
        return reading.row(None, f"The line cannot be read: {error}. Send one JSON object a line.")
    except BadRow as error:
        return reading.row(None, str(error))
    return reading.row(data, None, label(found, reading))


def values(found: Any, reading: Reading) -> list[Any]:
    """Return the row's values in the features' order; BadRow when some are missing."""
    if isinstance(found, list):
        return found
    if not isinstance(found, dict):
        raise BadRow("The line is no row. Send a JSON object of the features, or a list of their numbers.")
    if missing := [name for name in reading.features if name not in found]:
        raise BadRow(f"The row lacks {shown(missing)}. Send a number for each feature.")
    return [found[name] for name in reading.features]


def label(found: Any, reading: Reading) -> str | None:
    """Return the label that stands beside the features."""
    given = found.get(LABEL) if isinstance(found, dict) and LABEL not in reading.features else None
    return clean(given) or None if isinstance(given, str) else None
