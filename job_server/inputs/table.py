"""A CSV file: a header that names the features, and a row a line.

A line is a row, whatever is quoted in it: so a quote that is never closed costs its own row and no other.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from job_server.inputs.job_input import JobInput, WrongInputs
from job_server.inputs.lines import read_lines
from job_server.inputs.names import clean
from job_server.inputs.reading import Reading
from job_server.inputs.row import BadRow, pack, parse_number

DELIMITERS = (",", ";", "\t")
LABEL = "label"
MAX_COLUMNS = 10_000
MAX_HEADER_BYTES = 2**20
SHOWN_COLUMNS = 12


@dataclass(frozen=True)
class Header:
    """Where in a row the features stand, and the label if there is one."""

    delimiter: str
    width: int
    features: tuple[int, ...]
    label: int | None


def read_table(file: io.BufferedReader, reading: Reading) -> Iterator[JobInput]:
    """Yield the table's rows; one that is bad has its own error. Empty lines at the end are none.

    Raises:
        WrongInputs: 422, there is no header, or a feature is missing in it; 413, the job is too large.
    """
    lines = read_lines(file, reading)
    header = read_header(next(lines, b""), reading)
    empty = 0
    for line in lines:
        if line is not None and not line.strip():
            empty += 1
            continue
        for _ in range(empty):
            yield reading.row(None, "The row is empty. Send a number for each column.")
        empty = 0
        yield read_row(line, header, reading)


def read_header(line: bytes | None, reading: Reading) -> Header:
    """Return what the first line says of the rows; WrongInputs when it does not name all features."""
    if line is None or len(line) > MAX_HEADER_BYTES:
        raise WrongInputs(f"The table's first line is too long for a header. {reading.what_to_send}")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WrongInputs(f"The table is not in UTF-8. {reading.what_to_send}") from error
    columns, delimiter = max(
        ((header_columns(text, one), one) for one in DELIMITERS),
        key=lambda found: len(set(found[0]) & set(reading.features)),
    )
    wanted = [name for name in (*reading.features, LABEL) if columns.count(name) > 1]
    if wanted:
        raise WrongInputs(f"The table has two columns {wanted[0]!r}. Send each column once.")
    places = {name: place for place, name in enumerate(columns)}
    if missing := [name for name in reading.features if name not in places]:
        found = f"found were {shown(columns)}" if any(columns) else "there is no header"
        raise WrongInputs(f"The table lacks the columns {shown(missing)}; {found}. {reading.what_to_send}")
    label = None if LABEL in reading.features else places.get(LABEL)
    return Header(delimiter, len(columns), tuple(places[name] for name in reading.features), label)


def header_columns(text: str, delimiter: str) -> list[str]:
    """Return the names of the columns, none where there are too many or the quotes are wrong."""
    try:
        return [name.strip() for name in split(text, delimiter)]
    except BadRow:
        return []


def read_row(line: bytes | None, header: Header, reading: Reading) -> JobInput:
    """Return a line's row, or its error."""
    if line is None:
        return reading.row(None, f"The row has more than {reading.limits.input_bytes} bytes. Send less.")
    try:
        cells = read_cells(line, header)
        pairs = zip(reading.features, header.features, strict=True)
        data = pack([parse_number(name, cells[place]) for name, place in pairs], reading)
    except UnicodeDecodeError:
        return reading.row(None, "The row is not in UTF-8. Send it in that.")
    except BadRow as error:
        return reading.row(None, str(error))
    label = "" if header.label is None else clean(cells[header.label])
    return reading.row(data, None, label or None)


def read_cells(line: bytes, header: Header) -> list[str]:
    """Return a line's fields; BadRow when they are not as many as the header has."""
    cells = split(line.decode("utf-8"), header.delimiter)
    if len(cells) != header.width:
        raise BadRow(f"The row has {len(cells)} fields, the header {header.width}. Send as many.")
    return cells


def split(text: str, delimiter: str) -> list[str]:
    """Return a line's fields; BadRow when there are too many, or the quotes are wrong."""
    if text.count(delimiter) >= MAX_COLUMNS:
        raise BadRow(f"The row has more than {MAX_COLUMNS} fields. Send fewer.")
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise BadRow(f"The row cannot be read ({error}). Send each quote closed in its line.") from error


def shown(names: Sequence[str]) -> str:
    """Return the first of the names, and how many more there are."""
    listed = ", ".join(repr(clean(name)[:40]) for name in names[:SHOWN_COLUMNS])
    return listed + (f" and {len(names) - SHOWN_COLUMNS} more" if len(names) > SHOWN_COLUMNS else "")
