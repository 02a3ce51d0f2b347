"""Whatever a body's size, only a little of it is in memory at a time."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from job_server.inputs.job_input import InputLimits
from job_server.inputs.read import read_inputs
from tests.unit.job_server.inputs.handing_in import FORM, IMAGES, PNG, ROWS, part

MIB = 2**20
LIMITS = InputLimits(inputs=100_000, input_bytes=2 * MIB, unpacked_bytes=10**9)


def write_table(file: BinaryIO) -> None:
    file.write(b"x,y,more\n")
    for _ in range(1000):
        file.write(b"1,2," + b"m" * 100_000 + b"\n")


def write_lines(file: BinaryIO) -> None:
    for _ in range(1000):
        file.write(b'{"x": 1, "y": 2, "more": "' + b"m" * 100_000 + b'"}\n')


def write_one_line(file: BinaryIO) -> None:
    file.write(b"x,y\n1,2\n")
    for _ in range(100):
        file.write(b"1" * MIB)


def write_form(file: BinaryIO) -> None:
    for _ in range(100):
        file.write(part(PNG + bytes(MIB)))
    file.write(b"--b--\r\n")


def write_form_of_a_table(file: BinaryIO) -> None:
    file.write(part(b"x,y,more\n", "a.csv")[:-2])
    for _ in range(1000):
        file.write(b"1,2," + b"m" * 100_000 + b"\n")
    file.write(b"\r\n--b--\r\n")


@pytest.mark.parametrize(
    ("write", "content_type", "count"),
    [
        (write_table, "text/csv", 1000),
        (write_lines, "application/jsonl", 1000),
        (write_one_line, "text/csv", 2),
        (write_form, FORM, 100),
        (write_form_of_a_table, FORM, 1000),
    ],
)
def test_100_mb_are_read_in_few(
    tmp_path: Path, write: Callable[[BinaryIO], None], content_type: str, count: int
) -> None:
    """A line or an image at a time, and the one behind it."""
    path = tmp_path / "body"
    with path.open("wb") as file:
        write(file)
    assert path.stat().st_size > 100 * 10**6 - 10**5
    model = IMAGES if write is write_form else ROWS
    tracemalloc.start()
    found = sum(1 for _ in read_inputs(path, content_type, model, LIMITS))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == count
    assert peak < 12 * MIB
