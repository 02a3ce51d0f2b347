"""retraining/report/contents.py and data.py: what a report says, of whatever came of a run."""

from datetime import timedelta

import numpy as np
import pytest

from retraining.learning.hyperparameters import Hyperparameters
from retraining.report.contents import Report, report_of
from retraining.report.data import moved
from retraining.report.found import Example, Found, Model, Training
from retraining.runs.run import Outcome, Step
from tests.unit.retraining.report.made_up import (
    NOON,
    SHA256,
    Made,
    check_result,
    collect_result,
    dataset_of,
    made,
    run_of,
    whole_run,
)
from training_data.task import Task

LATER = NOON + timedelta(hours=2)


def whole(of: Made) -> Report:
    found = Found(
        version=dataset_of(of),
        new_shards=("inbox-00000003.zip",),
        production=Model("colour", "1"),
        hyperparameters=Hyperparameters(),
        training=Training(83.2, 640, SHA256),
        losses=np.linspace(1, 0, 50),
        inspected=of.inspected,
        predictions=of.predictions,
        examples={one.id: Example(values=one.values) for one in of.records["golden"]},
        libraries={"torch": "2.13.0"},
    )
    return report_of(whole_run(of), found, of.task, LATER)


def test_a_run_that_went_to_its_end_has_all_of_it(kinds: dict[str, Made]) -> None:
    """Of images and rows, classes and values."""
    for kind, of in kinds.items():
        report = whole(of)
        assert (report.headline, report.tone) == ("A renewed model is in production", "good")
        assert report.data is not None
        assert report.gate_checks
        assert report.data_checks
        assert len(report.answers) == 2
        assert bool(report.matrices) is (kind != "values")
        assert report.shown
        assert ("Decision", "promote") in report.release
        assert ("Seed", "20261") in report.lineage
        assert ("Parent", "colour, version 1") in report.lineage
        assert ("learning_rate", "0.001") in report.hyperparameters


def test_the_first_figures_compare_both_models(kinds: dict[str, Made]) -> None:
    """On each set, with a colour where it matters: more accuracy is good, more error is not."""
    golden, held_out, *_ = whole(kinds["images"]).tiles
    assert (golden.title, golden.before, golden.value) == ("Accuracy, golden set", "92.5 %", "97.5 %")
    assert (golden.note, golden.tone) == ("+5.0 points, 120 examples", "good")
    assert held_out.title == "Accuracy, held-out set"
    worse = whole(made(kinds["images"].task, (3, 30))).tiles[0]
    assert worse.tone == "bad"
    error, *_ = whole(kinds["values"]).tiles
    assert (error.title, error.tone) == ("RMSE, golden set", "good")


def test_a_difference_that_nobody_minds_has_no_colour(kinds: dict[str, Made]) -> None:
    """As one of a thousandth."""
    assert whole(made(kinds["images"].task, (3, 3))).tiles[0].tone == "plain"


def test_records_are_counted_by_class_and_side(kinds: dict[str, Made]) -> None:
    """And how many of them are new, with the shares of a bar."""
    data = whole(kinds["images"]).data
    assert data is not None
    assert [row.name for row in data.classes] == ["blue", "green", "red"]
    assert [sum(pair[0] for pair in row.sides) for row in data.classes] == [273, 273, 274]
    assert sum(new for _, new in data.total.sides) == 400
    assert sum(count for count, _ in data.total.sides) == 820
    assert max(row.old_share + row.new_share for row in data.classes) == pytest.approx(100)
    assert dict(data.terms)["New ones recorded"] == "2026-11-29 11:05:00 UTC to 2026-11-29 11:11:39 UTC"


def test_data_that_were_refused_show_what_failed_first() -> None:
    """And say that production stays; nothing is shown of a candidate that there is none of."""
    of = made(Task("image", (), ("red", "green", "blue")))
    checks = check_result(of)
    checks["checks"][-1] |= {"verdict": "fail"}
    run = run_of(Outcome.DATA_REFUSED, "too bad", until="check", collect=collect_result(of), check=checks)
    report = report_of(run, Found(version=dataset_of(of), inspected=of.inspected), of.task, LATER)
    assert [one.verdict for one in report.data_checks][:2] == ["fail", "pass"]
    assert (report.is_kept, report.lead) == (True, "Too bad")
    assert ("Checks that failed", "1") in [(one.title, one.value) for one in report.tiles]
    assert not any([report.gate_checks, report.answers, report.training, report.release, report.shown])


def test_the_drift_is_told_with_its_share(kinds: dict[str, Made]) -> None:
    """As the check has measured it."""
    drift = whole(kinds["images"]).drift
    assert drift is not None
    assert drift.value.endswith(" %")
    assert "neighbours" in drift.note


@pytest.mark.parametrize("outcome", [None, *Outcome])
def test_a_run_may_end_at_its_first_step(outcome: Outcome | None) -> None:
    """There is a report of every end, and of a run under way."""
    run = run_of(outcome, "because", until="collect", collect={"records": 12})
    report = report_of(run, Found(), Task("row", ("x",), ()), LATER)
    assert report.headline
    assert report.is_kept is (outcome not in {None, Outcome.PROMOTED})
    assert report.lead == ("Because" if outcome else "The step 'collect' is done.")
    assert (report.tiles[0].title, report.tiles[0].value) == ("New records", "12")


def test_a_step_that_failed_says_so() -> None:
    """One that waits says for what; neither has ended."""
    run = run_of(Outcome.FAILED, "the step failed", until="check").with_step(
        "train", Step(begun_at=NOON + timedelta(seconds=90), failures=3, fault="no memory")
    )
    row = report_of(run, Found(), Task("row", ("x",), ()), LATER).steps[-1]
    assert (row.name, row.state, row.note) == ("train", "failed", "no memory")
    waiting = run_of(None, until="check").with_step(
        "train", Step(begun_at=NOON + timedelta(seconds=90), waits_for="a place")
    )
    row = report_of(waiting, Found(), Task("row", ("x",), ()), LATER).steps[-1]
    assert (row.state, row.note) == ("waits", "a place")
    assert row.start + row.share == pytest.approx(100, abs=0.1)


def test_features_are_told_by_how_far_they_moved() -> None:
    """In deviations of the records before; one that never changed has none."""
    old = np.asarray([[0.0, 5.0, 1.0], [2.0, 5.0, 3.0]], np.float32)
    new = old + np.asarray([0.0, 0.0, 4.0], np.float32)
    found = moved({"old/embeddings": old, "new/embeddings": new}, ("a", "b", "c"))
    assert [(one.feature, one.deviations) for one in found] == [("c", 4.0), ("a", 0.0), ("b", 0.0)]
    assert moved({"old/embeddings": old, "new/embeddings": new}, ("a",)) == ()
