"""retraining/report/mistakes.py: the examples that the candidate gets wrong and production does not."""

import numpy as np

from retraining.report.mistakes import MOST_SHOWN, Mistake, ids_of, mistakes_of
from retraining.runs.run import Outcome
from tests.unit.retraining.report.made_up import Made, judge_result, run_of
from training_data.task import Task

CLASSES = Task("image", (), ("a", "b"))
VALUES = Task("row", ("x",), ())


def found(confidence: float, identifier: str, of: str = "golden") -> dict[str, object]:
    return {"set": of, "id": identifier, "label": "a", "candidate": "b", "confidence": confidence}


def test_the_surest_mistake_of_all_sets_comes_first() -> None:
    """With what production said; where that is not known, with its answer alone."""
    run = run_of(Outcome.PROMOTED, judge={"new_mistakes": [found(0.6, "g"), found(0.9, "h", "held-out")]})
    predictions = {"golden/ids": np.asarray(["f", "g"]), "golden/production": np.eye(2) * 0.75}
    mistakes = mistakes_of(run, predictions, CLASSES)
    assert mistakes.shown == (
        Mistake("held-out", "h", "a", "a", "b 90\N{NO-BREAK SPACE}%"),
        Mistake("golden", "g", "a", "a 75\N{NO-BREAK SPACE}%", "b 60\N{NO-BREAK SPACE}%"),
    )
    assert ids_of(mistakes.shown, "golden") == {"g"}


def test_so_many_are_shown_and_no_more() -> None:
    """The others are counted."""
    many = [found(0.5, f"g{number}") for number in range(100)]
    mistakes = mistakes_of(run_of(Outcome.PROMOTED, judge={"new_mistakes": many}), {}, CLASSES)
    assert (mistakes.count, len(mistakes.shown)) == (100, MOST_SHOWN)


def test_of_a_regressor_those_that_got_worse_most_come_first() -> None:
    """One that the candidate hits better is no mistake."""
    predictions = {
        "golden/ids": np.asarray(["better", "worse", "worst"]),
        "golden/labels": np.asarray([1.0, 1.0, 1.0]),
        "golden/production": np.asarray([[3.0], [1.5], [0.5]]),
        "golden/candidate": np.asarray([[1.0], [0.0], [4.0]]),
    }
    mistakes = mistakes_of(run_of(Outcome.PROMOTED), predictions, VALUES)
    assert [(one.id, one.label, one.production, one.candidate) for one in mistakes.shown] == [
        ("worst", "1", "0.5", "4"),
        ("worse", "1", "1.5", "0"),
    ]


def test_a_run_that_was_not_judged_has_none(kinds: dict[str, Made]) -> None:
    """Though predictions may be there."""
    for of in kinds.values():
        run = run_of(None, until="predict", judge=judge_result(of))
        assert mistakes_of(run, of.predictions, of.task).count == 0
