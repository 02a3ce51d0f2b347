"""`gate.toml` is read whole, or refused with the place of what is wrong in it."""

from pathlib import Path

import pytest

from retraining.gate.thresholds import GATE_FILE, WrongGate, parse_gate, read_gate

TEXT = "[classifier]" + GATE_FILE.read_text("utf-8").partition("\n[classifier]")[2]


def test_the_shipped_file_has_every_check() -> None:
    """With the thresholds that the demonstration is made for."""
    gate = read_gate()
    classifier = gate.classifier
    assert (classifier.alpha, classifier.minimum_examples) == (0.05, 100)
    assert classifier.sets == ("golden", "held-out")
    assert classifier.accuracy_floor
    assert (classifier.accuracy_floor.floor, classifier.accuracy.margin) == (0.85, 0.02)
    assert classifier.recall
    assert classifier.recall.margin == 0.05
    assert classifier.calibration_limit
    assert classifier.calibration_limit.limit == 0.1
    assert classifier.calibration
    assert classifier.latency
    assert classifier.latency.ratio == 1.3
    assert gate.regressor.rmse_limit
    assert (gate.regressor.rmse_limit.limit, gate.regressor.rmse.share) == (0.1, 0.05)
    assert gate.dataset.label_noise


def test_what_a_file_leaves_out_is_as_shipped() -> None:
    """But for the sets of a check, which are all where none are named."""
    checks = "".join(
        f"[{table}]\n"
        for table in (
            *(f"classifier.{name}" for name in ("accuracy_floor", "accuracy", "recall", "calibration_limit")),
            *("classifier.calibration", "classifier.latency", "regressor.rmse", "regressor.latency"),
            *("dataset", "dataset.label_noise"),
        )
    )
    short = parse_gate(f"{checks}[regressor.rmse_limit]\nlimit = 0.1")
    shipped = parse_gate(TEXT.replace('sets = ["golden"]', ""))
    assert short.model_dump() == shipped.model_dump()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "floor = 0.85",
            "flor = 0.85",
            "gate.toml: classifier.accuracy_floor.flor: there is no such setting",
        ),
        (
            "floor = 0.85",
            "floor = 1.5",
            "classifier.accuracy_floor.floor: Input should be less than or equal to 1",
        ),
        ("floor = 0.85", "floor = '0.85'", "classifier.accuracy_floor.floor: Input should be a valid number"),
        (
            "floor = 0.85",
            "floor = true",
            "classifier.accuracy_floor.floor: Input should be a valid number, not True",
        ),
        ("floor = 0.85", "floor = nan", "classifier.accuracy_floor.floor: Input should be"),
        ("margin = 0.02", "margin = 2", "classifier.accuracy.margin: Input should be less than 1, not 2"),
        ("margin = 0.02", "margin = 0", "classifier.accuracy.margin: Input should be greater than 0"),
        (
            "required = false",
            "required = 'no'",
            "classifier.accuracy.required: Input should be a valid boolean",
        ),
        ("alpha = 0.05", "alpha = 0.5", "classifier.alpha"),
        ("minimum_examples = 100", "minimum_examples = 9.5", "classifier.minimum_examples"),
        ('sets = ["golden", "held-out"]', "sets = []", "classifier.sets"),
        ('sets = ["golden", "held-out"]', 'sets = ["a", "a"]', "classifier.sets: a set is named twice"),
        ('sets = ["golden", "held-out"]', "sets = [1]", "classifier.sets.0"),
        ("[classifier.recall]", "[classifier.precision]", "classifier.precision: there is no such setting"),
        ("[classifier.accuracy]", "[classifier.other]", "classifier.accuracy: is missing"),
        (
            'sets = ["golden"]',
            'sets = ["gold"]',
            "gate.toml: classifier: accuracy_floor.sets names 'gold'; sets has golden, held-out",
        ),
        ("ratio = 1.3", "ratio = 0.9", "classifier.latency.ratio"),
        ("limit = 0.1                      # in", "# in", "regressor.rmse_limit.limit: is missing"),
        ("[dataset]", "[datasets]", "gate.toml: datasets: there is no such setting"),
        ("smallest_class_share = 0.25", "smallest_class_share = -1", "dataset.smallest_class_share"),
        ("[classifier]", "[classifier", "gate.toml: "),
    ],
)
def test_a_mistake_is_refused_with_its_place(old: str, new: str, said: str) -> None:
    """Before anything is trained."""
    assert old in TEXT
    with pytest.raises(WrongGate) as refused:
        parse_gate(TEXT.replace(old, new, 1))
    assert said in str(refused.value)


def test_each_mistake_has_a_line() -> None:
    """So that one reading mends the file."""
    wrong = TEXT.replace("floor = 0.85", "floor = 7", 1).replace("share = 0.05", "share = -1", 1)
    with pytest.raises(WrongGate) as refused:
        parse_gate(wrong)
    assert len(str(refused.value).splitlines()) == 2


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """With its name."""
    with pytest.raises(WrongGate, match=r"other\.toml cannot be read"):
        read_gate(tmp_path / "other.toml")
