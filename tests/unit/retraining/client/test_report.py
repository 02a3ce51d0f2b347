"""retraining/client/report.py: runs as people read them."""

from pathlib import Path

import pytest

from retraining.client.report import (
    COLOURS,
    STEPS,
    Progress,
    end_line,
    found_out,
    step_line,
    step_under_way,
)
from retraining.runs.run import Outcome
from tests.unit.retraining.client.answers import (
    COLLECTED,
    JUDGED,
    PACKAGED,
    run,
    step,
)


def test_the_steps_are_those_of_the_program() -> None:
    """In its order: those to come are shown too."""
    text = Path("retraining/app.py").read_text("utf-8")
    places = [text.index(f'        ("{name}", ') for name in STEPS]
    assert places == sorted(places)
    assert text.count('        ("') == len(STEPS)


@pytest.mark.parametrize(
    ("text", "progress"),
    [
        ("training:  12%|#   | 45/376 [00:10<01:15, 4.3step/s]", Progress("training", 45, 376)),
        ("reading train: 100%|##| 9/9 [00:01] / training: 0%|  | 0/8 [00:00<?]", Progress("training", 0, 8)),
        ("reading held-out:  50%|█▌  | 5/10 [00:01<00:01]", Progress("reading held-out", 5, 10)),
        ("training: 0step [00:00, ?step/s]", Progress()),
        ("Traceback: 3/4", Progress()),
        ("", Progress()),
    ],
)
def test_the_last_bar_of_a_log_is_the_progress(text: str, progress: Progress) -> None:
    """Where it has none nothing is known."""
    assert Progress.read(text) == progress


@pytest.mark.parametrize(
    ("name", "result", "line"),
    [
        ("collect", COLLECTED, "data set 2 (500 train, 120 held-out, 90 golden), candidate 2"),
        ("collect", {"records": 12}, ""),
        ("check", {"verdict": "pass", "checks": []}, "pass"),
        ("judge", JUDGED, "pass: golden 90.0% -> 92.0%"),
        ("package", PACKAGED, "small-cnn 2, abababababab"),
        ("push", {"revision": "1", "tag": "model-2"}, "model-2"),
        ("release", {"release": "r1", "plan": "default"}, "release r1 by the plan default"),
        ("train", {}, ""),
    ],
)
def test_a_step_says_what_it_found_out(name: str, result: dict[str, object], line: str) -> None:
    """In a line."""
    assert found_out(name, step(result)) == line


def test_a_regressor_has_an_error_in_place_of_an_accuracy() -> None:
    """In the target's unit."""
    errors = {"production": 0.123456, "candidate": 0.1}
    golden = {name: {"golden": {"n": 9, "rmse": rmse}} for name, rmse in errors.items()}
    judged = step({"verdict": "fail", "metrics": golden})
    assert found_out("judge", judged) == "fail: golden RMSE 0.1235 -> RMSE 0.1"


def test_a_step_that_failed_is_tried_again() -> None:
    """Its fault is told."""
    line = step_line("push", step(failures=2, fault="OSError: full"))
    assert line == "push: failed 2 times, is tried again: OSError: full"
    assert step_line("push", step()) == "push: under way"


def test_one_step_is_under_way() -> None:
    """Of a run that has ended none is, whatever its steps say."""
    assert step_under_way(run(collect=step({}), train=step())) == "train"
    assert step_under_way(run(collect=step({}))) is None
    assert step_under_way(run(Outcome.FAILED, "x", train=step())) is None


def test_a_run_that_goes_on_has_no_end() -> None:
    """And every outcome has a colour."""
    assert end_line(run()) == "run 20261130T120000Z goes on"
    assert end_line(run(Outcome.GATE_REFUSED, "worse")) == "gate refused: worse"
    assert COLOURS.keys() >= set(Outcome)
