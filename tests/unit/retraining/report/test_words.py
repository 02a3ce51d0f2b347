"""retraining/report/words.py: what people read."""

from datetime import datetime, timedelta, timezone

import pytest

from retraining.report.words import MINUS, check_title, duration, moment, number, percent, points, sentence


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (12345.0, "12,345"),
        (21780.4, "21,780"),
        (999.94, "999.9"),
        (0.123456, "0.1235"),
        (-0.5, "-0.5"),
        (float("inf"), "—"),
        (1e20, "1e+20"),
    ],
)
def test_a_number_has_four_digits_that_count(value: float, expected: str) -> None:
    """A count has all of its own."""
    assert number(value) == expected


def test_shares_and_their_differences() -> None:
    """In percent and in points; what rounds to nothing is none."""
    assert percent(0.9335) == "93.3 %"
    assert (points(0.2325), points(-0.0125)) == ("+23.2 points", f"{MINUS}1.2 points")
    assert points(-0.0001) == "no difference"


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.26, "0.3 s"), (83.4, "83 s"), (300, "5 min"), (7200, "2.0 h"), (-1, "0.0 s")]
)
def test_a_duration_has_the_unit_that_fits(seconds: float, expected: str) -> None:
    """A clock that was set back makes none negative."""
    assert duration(seconds) == expected


def test_a_time_is_utc() -> None:
    """Wherever it was taken."""
    taken = datetime(2026, 11, 30, 13, tzinfo=timezone(timedelta(hours=1)))
    assert moment(taken) == "2026-11-30 12:00:00 UTC"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("no gate failed", "No gate failed"),
        ("label_noise (held-out): Of 5", "Label noise (held-out): Of 5"),
        ("my_class: a_b", "My class: a_b"),
        ("<b>_x: y", "<b>_x: y"),
        ("", ""),
    ],
)
def test_a_reason_is_a_sentence(reason: str, expected: str) -> None:
    """It begins with a capital; a check is named as in its table."""
    assert sentence(reason) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accuracy_floor", "Accuracy floor"),
        ("recall[a_b]", "Recall: a_b"),
        ("recall[x[1]]", "Recall: x[1]"),
        ("rmse_limit", "RMSE limit"),
    ],
)
def test_a_check_has_a_heading(name: str, expected: str) -> None:
    """A class keeps its name as it is."""
    assert check_title(name) == expected
