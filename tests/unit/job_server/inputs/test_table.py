"""A CSV file's rows; each that is bad has its own error, and a table without its features is refused."""

import csv
from pathlib import Path

import pytest

from job_server.inputs.job_input import InputLimits
from tests.unit.job_server.inputs.handing_in import hand_in, numbers, refused, rows_of

CSV = "text/csv"


@pytest.mark.parametrize(
    "body",
    [
        b"x,y\n1,2\n3,4\n",
        b"x,y\r\n1,2\r\n3,4",
        b"\xef\xbb\xbfy;more;x\n2;;1\n4;a;3\n\n\n",
        b"y\tx\n2\t1\n4\t3\n",
        b'"x", y \n"1", 2 \n+3e0,4.\n',
        b'x,more,y\n1,"a,b""c",2\n3,\xc3\xa4,4\n',
    ],
)
def test_a_table_is_read_as_programs_write_it(tmp_path: Path, body: bytes) -> None:
    """Columns in any order and further ones, any delimiter and line end, quotes, a byte order mark."""
    read = hand_in(tmp_path, body, "Text/CSV; header=present; charset=UTF-8")
    assert [numbers(one) for one in read] == [(1, 2), (3, 4)]
    assert [(one.row, one.filename, one.error) for one in read] == [(1, None, None), (2, None, None)]


def test_a_label_is_kept(tmp_path: Path) -> None:
    """An empty one is none, and what is not to be seen is removed."""
    read = hand_in(tmp_path, b"label,x,y\ncat,1,2\n,1,2\n d\x00og ,1,2\n", CSV)
    assert [one.label for one in read] == ["cat", None, "dog"]


def test_a_feature_may_be_called_label(tmp_path: Path) -> None:
    """Then it is a number, and no label."""
    (read,) = hand_in(tmp_path, b"label\n1\n", CSV, rows_of("label"))
    assert (numbers(read), read.label) == ((1,), None)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1", "The row has 1 fields, the header 2."),
        (b"1,2,3", "The row has 3 fields, the header 2."),
        (b"1,", "Column 'y' is empty."),
        (b"1, ", "Column 'y' is empty."),
        (b"", "The row is empty."),
        (b" ", "The row is empty."),
        (b"a,2", "Column 'x' is 'a'."),
        (b"nan,2", "Column 'x' is 'nan'."),
        (b"1,-Infinity", "Column 'y' is '-Infinity'."),
        (b"1,1e39", "Column 'y' is 1e+39."),
        (b"1,1e999", "Column 'y' is '1e999'."),
        (b"1_0,2", "Column 'x' is '1_0'."),
        ("\N{ARABIC-INDIC DIGIT ONE},2".encode(), "Column 'x' is "),
        (b"0x1,2", "Column 'x' is '0x1'."),
        (b"1," + b"9" * 5000, "Column 'y' is '9999"),
        (b"\xff,2", "The row is not in UTF-8."),
        (b'"1,2', "The row cannot be read (unexpected end of data)."),
        (b'1,"2"x', "The row cannot be read ("),
        (b"1\x00,2", "Column 'x' is "),
        (b"1\r1,2", "The row cannot be read ("),
        (b"," * 9999, "The row has 10000 fields"),
        (b"1" * 10_001, "The row has more than 10000 bytes."),
        (b"," * 500_000, "The row has more than 10000 bytes."),
    ],
)
def test_a_bad_row_is_its_own_error(tmp_path: Path, line: bytes, reason: str) -> None:
    """The rows around it are read."""
    first, bad, last = hand_in(tmp_path, b"x,y\n1,2\n" + line + b"\n3,4\n", CSV)
    assert (numbers(first), numbers(last), last.row) == ((1, 2), (3, 4), 3)
    assert bad.data is None
    assert bad.row == 2
    assert bad.error is not None
    assert bad.error.startswith(reason)
    assert "Send " in bad.error
    assert len(bad.error) < 300


def test_more_fields_than_are_split_are_an_error(tmp_path: Path) -> None:
    """A line of commas would else become millions of objects."""
    limits = InputLimits(inputs=100, input_bytes=10**6, unpacked_bytes=10**7)
    (bad,) = hand_in(tmp_path, b"x,y\n" + b"," * 900_000, CSV, limits=limits)
    assert bad.error == "The row has more than 10000 fields. Send fewer."


def test_an_unbalanced_quote_costs_its_own_row(tmp_path: Path) -> None:
    """It does not swallow those behind it."""
    read = hand_in(tmp_path, b'x,y\n"1,2\n' + b"3,4\n" * 50, CSV)
    assert [one.error is None for one in read] == [False] + [True] * 50


def test_a_huge_field_is_an_error_and_changes_nothing_for_others(tmp_path: Path) -> None:
    """The size of a field is bounded by a setting that the whole process shares."""
    before = csv.field_size_limit()
    limits = InputLimits(inputs=100, input_bytes=10**6, unpacked_bytes=10**7)
    bad, good = hand_in(tmp_path, b"x,y\n1," + b"2" * 200_000 + b"\n1,2\n", CSV, limits=limits)
    assert bad.error is not None
    assert "field larger than field limit" in bad.error
    assert good.error is None
    assert csv.field_size_limit() == before


def test_a_line_of_the_most_bytes_is_read(tmp_path: Path) -> None:
    """Its end does not count."""
    line = b"1," + b"2".rjust(9998)
    for end in (b"\n", b"\r\n", b""):
        (read,) = hand_in(tmp_path, b"x,y\n" + line + end, CSV)
        assert numbers(read) == (1, 2)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"x,z", "The table lacks the columns 'y'; found were 'x', 'z'."),
        (b"1,2", "The table lacks the columns 'x', 'y'; found were '1', '2'."),
        (b"", "The table lacks the columns 'x', 'y'; there is no header."),
        (b"x,y,x", "The table has two columns 'x'."),
        (b"x,y,label,label", "The table has two columns 'label'."),
        ("x,y".encode("utf-16"), "The table is not in UTF-8."),
        (b'"x,y', "The table lacks the columns 'x', 'y'"),
        (b"x" * 10_001, "The table's first line is too long for a header."),
        (b"a," * 9_000 + b"x,y", "The table's first line is too long for a header."),
        (b"z," * 4_000, "The table lacks the columns 'x', 'y'; found were 'z', "),
    ],
)
def test_a_table_without_its_features_is_refused(tmp_path: Path, header: bytes, reason: str) -> None:
    """The message names what is missing, and what was found."""
    status, message = refused(tmp_path, header + b"\n1,2\n", CSV)
    assert status == 422
    assert message.startswith(reason)
    assert len(message) < 800


def test_further_columns_may_have_one_name(tmp_path: Path) -> None:
    """Nobody reads them."""
    (read,) = hand_in(tmp_path, b"x,z,z,y\n1,8,9,2\n", CSV)
    assert numbers(read) == (1, 2)
