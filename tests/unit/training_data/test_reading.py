"""training_data/reading.py: what a message must be to be a record."""

import pytest

from tests.unit.training_data.records import IMAGES, NOON, NUMBERS, ROWS, message, row
from training_data.reading import MAX_BYTES, read
from training_data.record import Message, Reason, Record, Refusal
from training_data.task import Task


def test_a_good_row_is_a_record() -> None:
    """Its values stand in the order of the features, as the model gets them."""
    record = read(message(b'{"income": 30000.5, "age": 40}', offset=7), ROWS, "t/0")
    assert isinstance(record, Record)
    assert (record.id, record.label, record.recorded_at) == ("r-1", "repaid", NOON)
    assert record.values == (40.0, 30000.5)
    assert (record.source, record.position, record.content) == ("t/0", 7, b"")


def test_a_good_image_is_a_record() -> None:
    """Its bytes are kept as they came."""
    record = read(message(b"bytes", content_type=b"image/png", label=b"lemon"), IMAGES, "t/0")
    assert isinstance(record, Record)
    assert (record.content, record.content_type, record.label) == (b"bytes", "image/png", "lemon")


def test_rows_of_equal_values_have_one_digest() -> None:
    """However their JSON is written."""
    one, other = (
        read(message(text), ROWS, "t/0")
        for text in (b'{"age":40,"income":1e3}', b'{"income":1000,"age":40.0}')
    )
    assert isinstance(one, Record)
    assert isinstance(other, Record)
    assert one.digest == other.digest


def test_a_regressors_label_is_a_number() -> None:
    """It is kept as the number that was meant."""
    record = read(message(label=b" 1e3 "), NUMBERS, "t/0")
    assert isinstance(record, Record)
    assert record.label == "1000.0"


@pytest.mark.parametrize(
    ("bad", "task", "reason"),
    [
        (message(key=None), ROWS, Reason.ID),
        (message(key=b"../x"), ROWS, Reason.ID),
        (message(key=b".hidden"), ROWS, Reason.ID),
        (message(key=b"x" * 129), ROWS, Reason.ID),
        (message(key=b"\xff"), ROWS, Reason.ID),
        (message(label=b""), ROWS, Reason.LABEL),
        (message(label=b"maybe"), ROWS, Reason.LABEL),
        (message(headers={}), ROWS, Reason.LABEL),
        (message(label=b"nan"), NUMBERS, Reason.LABEL),
        (message(label=b"many"), NUMBERS, Reason.LABEL),
        (message(label=b"1e39"), NUMBERS, Reason.LABEL),
        (message(recorded_at=b"yesterday"), ROWS, Reason.TIME),
        (message(recorded_at=b"2026-11-30T12:00:00"), ROWS, Reason.TIME),
        (message(recorded_at=b"0001-01-01T00:00:00+23:59"), ROWS, Reason.TIME),
        (message(content_type=b"text/csv"), ROWS, Reason.CONTENT_TYPE),
        (message(content_type=b"application/json"), IMAGES, Reason.LABEL),
        (message(label=b"apple"), IMAGES, Reason.CONTENT_TYPE),
        (message(b"x" * (MAX_BYTES + 1)), ROWS, Reason.TOO_LARGE),
        (message(None), ROWS, Reason.NOT_A_ROW),
        (message(b"[]"), ROWS, Reason.NOT_A_ROW),
        (message(b"[" * 500_000), ROWS, Reason.NOT_A_ROW),
        (message(b'{"age": 40}'), ROWS, Reason.NOT_A_ROW),
        (message(row(height=2)), ROWS, Reason.NOT_A_ROW),
        (message(row(age="40")), ROWS, Reason.NOT_A_ROW),
        (message(row(age=True)), ROWS, Reason.NOT_A_ROW),
        (message(row(age=1e39)), ROWS, Reason.NOT_A_ROW),
        (message(row(age=-1e16)), ROWS, Reason.NOT_A_ROW),
        (message(row(age=10**400)), ROWS, Reason.NOT_A_ROW),
        (message(b'{"age": NaN, "income": 1}'), ROWS, Reason.NOT_A_ROW),
        (message(b'{"age": 1, "age": 2, "income": 1}'), ROWS, Reason.NOT_A_ROW),
    ],
)
def test_what_is_no_record_is_refused_with_a_reason(bad: Message, task: Task, reason: Reason) -> None:
    """And with a sentence that says what to do."""
    refusal = read(bad, task, "t/0")
    assert isinstance(refusal, Refusal)
    assert refusal.reason is reason
    assert refusal.detail.endswith(".")
