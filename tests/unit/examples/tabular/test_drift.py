"""The traffic of rows: what it sends, which detector it believes, what it shows."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from drift_detector_server.detectors.ks import Ks
from examples.tabular.data import Subset, draw
from examples.tabular.drift import main, true_labels
from tests.unit.examples.fake_stack import FakeStack, running

NAMES = ["x1", "x2"]


class TabularStack(FakeStack):
    """Scores windows of 100 rows."""

    def __init__(self) -> None:
        super().__init__(lambda _, body: json.loads(body)["data"], self.score_rows, 100)
        self.features = NAMES
        self.detector = Ks(draw("regressor", Subset.REFERENCE, 500).rows, NAMES)

    def score_rows(self, rows: list[list[float]]) -> dict[str, Any]:
        """Score one window with the detector that the stack runs."""
        score = self.detector.score(np.array(rows, np.float32), 0.05)
        features = [
            {"name": name, "p_value": one.p_value, "distance": one.distance, "drift": one.drift}
            for name, one in zip(self.features, score.features, strict=True)
        ]
        whole = {"p_value": score.p_value, "distance": score.distance, "drift": score.drift}
        return {**whole, "threshold": score.threshold, "features": features}


@pytest.fixture
def stack() -> Iterator[TabularStack]:
    """Run the slot and its detector."""
    stack = TabularStack()
    with running(stack):
        yield stack


def send(stack: TabularStack, *arguments: str) -> int:
    """Run the command with 100 rows of each kind."""
    return main(["regressor", "--url", stack.url, "--detector", stack.url, "--count", "100", *arguments])


def test_the_shifted_feature_is_shown(stack: TabularStack, capsys: pytest.CaptureFixture[str]) -> None:
    """Clean rows come first, then shifted ones; the table tells the features apart."""
    assert send(stack, "--shift", "x2=+1std") == 0
    lines = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}
    assert [lines[name][-1] for name in ("feature", "x1", "x2")] == ["drift", "no", "yes"]
    assert float(lines["x2"][0]) > 0.05 > float(lines["x2"][1])
    means = np.array(stack.inputs).reshape(2, 100, 2).mean(axis=1)
    assert means[1] - means[0] == pytest.approx([0, 12**-0.5], abs=0.15)


def test_a_shift_that_is_not_found_is_a_failure(stack: TabularStack) -> None:
    """The exit code says so."""
    assert send(stack, "--shift", "x2=+0.001") == 1


def test_a_detector_of_another_model_is_said(stack: TabularStack, capsys: pytest.CaptureFixture[str]) -> None:
    """A slot's detector with another reference ends in a sentence, before anything is shifted."""
    stack.features = ["a", "b"]
    assert send(stack, "--shift", "x2=+1std") == 1
    assert "does not watch the features of regressor" in capsys.readouterr().err
    assert len(stack.inputs) == 100


def test_an_error_of_the_slot_is_shown(stack: TabularStack, capsys: pytest.CaptureFixture[str]) -> None:
    """What the slot answered is there to be read."""
    stack.status = 415
    assert send(stack, "--shift", "x2=+1std") == 1
    assert "answered 415" in capsys.readouterr().err


def test_an_unknown_feature_is_refused_before_anything_is_sent(
    stack: TabularStack, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slip in the command costs nothing."""
    with pytest.raises(SystemExit):
        send(stack, "--shift", "x3=+1std")
    assert "no feature x3, but x1, x2" in capsys.readouterr().err
    assert stack.inputs == []


def test_a_regressors_rows_have_no_labels(stack: TabularStack) -> None:
    """Nothing is told, whatever share is asked for."""
    send(stack, "--shift", "x2=+1std", "--labels", "1")
    assert stack.labels == {}


def test_the_class_of_a_clean_row_is_known() -> None:
    """It is the one that was drawn with it; in the order of the rows."""
    loans = draw("loans", Subset.TRAFFIC, 50)
    classes = ("repaid", "defaulted")
    assert true_labels(loans, classes) == [classes[target] for target in loans.targets.tolist()]
