"""JSON lines: each a row, or its own error."""

from pathlib import Path

import pytest

from job_server.inputs.job_input import InputLimits
from tests.unit.job_server.inputs.handing_in import hand_in, numbers, rows_of

LINES = "application/x-ndjson"


@pytest.mark.parametrize(
    "content_type", [LINES, "application/jsonl", "application/json-lines; charset=utf-8"]
)
def test_objects_and_lists_are_rows(tmp_path: Path, content_type: str) -> None:
    """Names in any order and further ones; blank lines are passed over."""
    body = b'\xef\xbb\xbf{"y": 2, "x": 1, "more": [{}], "label": "cat"}\r\n\n  \n[3, 4.0e0]'
    read = hand_in(tmp_path, body, content_type)
    assert [(numbers(one), one.row, one.label) for one in read] == [((1, 2), 1, "cat"), ((3, 4), 2, None)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"x": 1}', "The row lacks 'y'."),
        (b"[1]", "The row has 1 numbers. Send 2."),
        (b"[1, 2, 3]", "The row has 3 numbers. Send 2."),
        (b"[[1, 2]]", "The row has 1 numbers. Send 2."),
        (b'[1, "2"]', "Column 'y' is '2'."),
        (b"[1, true]", "Column 'y' is True."),
        (b"[null, 2]", "Column 'x' is None."),
        (b"[1, [2]]", "Column 'y' holds a list or an object."),
        (b"[1, NaN]", "The line cannot be read: NaN is no number of JSON."),
        (b"[1, -Infinity]", "The line cannot be read: -Infinity is no number of JSON."),
        (b"[1, 1e39]", "Column 'y' is 1e+39."),
        (b"[1, 1e999]", "Column 'y' is inf."),
        (b"[1, 1" + b"0" * 400 + b"]", "Column 'y' is 'a number beyond all bounds'."),
        (b"[1, 1" + b"0" * 5000 + b"]", "The line cannot be read: Exceeds the limit"),
        (b'{"x": 1, "x": 2, "y": 3}', "The line cannot be read: an object has a name twice."),
        (b"[" * 5_000, "The line cannot be read: it holds more values than are taken."),
        (b'{"a":' * 90, "The line cannot be read: "),
        (b"[" + b"1," * 4_000 + b"1]", "The line cannot be read: it holds more values than are taken."),
        (b"1", "The line is no row."),
        (b'"x"', "The line is no row."),
        (b"{", "The line cannot be read: "),
        (b"[1, 2] [3, 4]", "The line cannot be read: Extra data"),
        (b"\xff", "The line cannot be read: it is not in UTF-8."),
        ("[1, 2]".encode("utf-16"), "The line cannot be read: it is not in UTF-8."),
        (b"[1, 2" + b" " * 10_000 + b"]", "The line has more than 10000 bytes."),
    ],
)
def test_a_bad_line_is_its_own_error(tmp_path: Path, line: bytes, reason: str) -> None:
    """The rows around it are read."""
    first, bad, last = hand_in(tmp_path, b"[1, 2]\n" + line.replace(b"\n", b" ") + b"\n[3, 4]\n", LINES)
    assert (numbers(first), numbers(last), last.row) == ((1, 2), (3, 4), 3)
    assert (bad.data, bad.row) == (None, 2)
    assert bad.error is not None
    assert bad.error.startswith(reason)
    assert "Send " in bad.error
    assert len(bad.error) < 400


def test_a_label_is_text(tmp_path: Path) -> None:
    """Another value is none, half a character is removed; a feature of that name is no label."""
    body = b'{"x": 1, "y": 2, "label": 3}\n{"x": 1, "y": 2, "label": "a\\ud800"}'
    assert [one.label for one in hand_in(tmp_path, body, LINES)] == [None, "a"]
    (row,) = hand_in(tmp_path, b'{"label": 5}', LINES, rows_of("label"))
    assert (numbers(row), row.label) == ((5,), None)


def test_a_huge_line_is_not_kept(tmp_path: Path) -> None:
    """What comes behind it is read."""
    limits = InputLimits(inputs=100, input_bytes=1000, unpacked_bytes=10**8)
    bad, good = hand_in(tmp_path, b"[" * 10_000_000 + b"\n[1, 2]", LINES, limits=limits)
    assert bad.error == "The line has more than 1000 bytes. Send less."
    assert numbers(good) == (1, 2)
