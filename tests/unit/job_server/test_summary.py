"""What a job's results say together, from results one by one."""

import json
import math

import pytest

from job_server.correctness import MOST_LABELS
from job_server.job import Document
from job_server.summary import MOST_CHARACTERS, MOST_CLASSES, MOST_EXAMPLES, MOST_REASONS, Summary


def said(name: str, probability: float = 0.5, label: str | None = None, row: int = 1) -> Document:
    """Return a classifier's result."""
    found: Document = {"row": row, "likely_class": name, "probability": probability}
    return found if label is None else {**found, "label": label}


def value(number: float, label: str | None = None) -> Document:
    """Return a regressor's result."""
    return {"row": 1, "values": [number]} | ({} if label is None else {"label": label})


def failed(reason: str, row: int = 1) -> Document:
    """Return the result of an input that failed."""
    return {"row": row, "error": reason}


def summed(*results: Document) -> Document:
    """Return what results say together, which must be JSON."""
    summary = Summary()
    for one in results:
        summary.add(one)
    document = summary.to_document()
    json.dumps(document, allow_nan=False)
    return document


def test_of_no_results_there_is_nothing() -> None:
    """So a job's first moment has a summary too."""
    assert summed() == {
        "answered": 0,
        "classes": {},
        "other_classes": 0,
        "confidence": None,
        "values": None,
        "labelled": None,
        "failed": 0,
        "failures": [],
        "other_failures": 0,
    }


def test_classes_are_counted_the_most_frequent_first() -> None:
    """With a column for each tenth of confidence; 1 is in the last, and what is no number in none."""
    confidences = [0, 0.0999, 0.1, 0.95, 1, 1.0000001, math.nan]
    found = summed(*(said("b" if one else "a", one) for one in confidences))
    assert list(found["classes"].items()) == [("b", 6), ("a", 1)]
    assert found["confidence"] == [2, 1, 0, 0, 0, 0, 0, 0, 0, 3]
    assert (found["answered"], found["values"], found["labelled"]) == (7, None, None)


def test_answers_are_compared_with_labels_where_there_are_some() -> None:
    """An answer without a label, and a failed input with one, count for nothing."""
    found = summed(
        said("cat", label="cat"),
        said("dog", label="cat"),
        said("dog", label="dog"),
        said("dog"),
        {**failed("broken"), "label": "cat"},
    )
    assert found["labelled"] == {
        "n": 3,
        "accuracy": pytest.approx(2 / 3),
        "confusion": {"cat": {"cat": 1, "dog": 1}, "dog": {"dog": 1}},
        "other": 0,
    }


def test_strangers_labels_make_no_endless_matrix() -> None:
    """Names beyond the bound are counted together, and in the accuracy."""
    found = summed(
        *(said("cat", label=f"label {number}") for number in range(1000)), said("cat", label="cat")
    )
    labelled = found["labelled"]
    names = {*labelled["confusion"], *(name for row in labelled["confusion"].values() for name in row)}
    assert len(names) == MOST_LABELS
    assert labelled["other"] == 1000 - (MOST_LABELS - 1)
    assert (labelled["n"], labelled["accuracy"]) == (1001, 1 / 1001)


def test_very_many_classes_are_counted_together() -> None:
    """With the latest model each chunk may have others."""
    found = summed(*(said(str(number)) for number in range(MOST_CLASSES + 5)), said("0"))
    assert (len(found["classes"]), found["classes"]["0"], found["other_classes"]) == (MOST_CLASSES, 2, 5)


def test_values_are_counted_and_compared_with_labels_that_are_numbers() -> None:
    """Another label counts for nothing, and a value that is no number neither."""
    found = summed(
        value(1, "1"), value(7, "3"), value(2, "two"), value(3), value(4, "nan"), value(math.inf, "1")
    )
    assert found["labelled"] == {"n": 2, "rmse": pytest.approx(math.sqrt(8))}
    assert sum(found["values"]["counts"]) == 5
    assert found["confidence"] is None


def test_a_label_beyond_all_bounds_hides_no_other() -> None:
    """It counts for nothing."""
    assert summed(value(-1e38, "1.7e308"), value(1, "2"))["labelled"] == {"n": 1, "rmse": 1}
    assert summed(value(1, "-1.7e308"))["labelled"] is None


def test_of_several_values_the_first_is_counted() -> None:
    """And a label, which is one number, is compared with none of them."""
    found = summed({"row": 1, "values": [1.0, 100.0], "label": "1"})
    assert (found["values"]["low"], found["labelled"]) == (1.0, None)


def test_reasons_that_differ_in_details_are_one() -> None:
    """In numbers and quoted words, but not in a column's name; with a few examples each."""
    reasons = [f"Column 'x1' is 'word {row}'. Send a number." for row in range(5)]
    reasons += [f"Column 'x2' is 'word {row}'. Send a number." for row in range(7)]
    first, second = summed(*(failed(reason, row) for row, reason in enumerate(reasons)))["failures"]
    assert (first["reason"], first["count"]) == (reasons[5], 7)
    assert (second["reason"], second["count"]) == (reasons[0], 5)
    assert len(second["examples"]) == MOST_EXAMPLES
    assert second["examples"][1] == {"row": 1, "error": reasons[1]}


def test_reasons_are_bounded_in_number_and_length() -> None:
    """The rest is counted."""
    found = summed(*(failed("x" * number) for number in range(1, 31)), failed("y" * 9999))
    assert len(found["failures"]) == MOST_REASONS
    assert (found["failed"], found["other_failures"]) == (31, 31 - MOST_REASONS)
    (long,) = summed(failed("y" * 9999))["failures"]
    assert len(long["reason"]) == MOST_CHARACTERS


def test_an_example_names_its_file() -> None:
    """As it was handed in: whoever shows it must know that it is a stranger's text."""
    (only,) = summed({"filename": "<b>.png", "error": "broken"})["failures"]
    assert only["examples"] == [{"filename": "<b>.png", "error": "broken"}]
