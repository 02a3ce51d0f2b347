"""`python -m retraining.import_examples`: one's own examples, for the model in the stable slot."""

from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from inference.manifest import read_manifest
from retraining.import_examples import app
from training_data.intake import GOLDEN, INBOX, Intake
from training_data.task import Task

PACKAGE = Path("model_server/model")
TASK = Task.of(read_manifest(PACKAGE))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of images by class, and an empty one of training data."""
    monkeypatch.setenv("TRAINING_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MODEL_PACKAGE", str(PACKAGE))
    for number, label in enumerate(TASK.classes):
        (tmp_path / "mine" / label).mkdir(parents=True)
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / "mine" / label / "a.png")
    return tmp_path / "mine"


def call(*words: object) -> Result:
    return CliRunner().invoke(app, list(map(str, words)))


def shards(folder: Path, kind: str) -> list[Path]:
    return list((Intake(folder.parent / "data", TASK).folder / kind).glob("*.zip"))


def test_examples_are_taken_once(folder: Path) -> None:
    """The second time there is nothing new; the folders are made where they are missing."""
    first, second = call(folder), call(folder)
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.output == f"{len(TASK.classes)} new examples to train on, in the next data set.\n"
    assert second.output == "Nothing new: all of them are here already.\n"
    assert (len(shards(folder, INBOX)), len(shards(folder, GOLDEN))) == (1, 0)


def test_golden_examples_are_kept_apart(folder: Path) -> None:
    """They judge, and nothing is trained on them."""
    assert call(folder, "--golden").output == f"{len(TASK.classes)} new examples to judge by.\n"
    assert (len(shards(folder, INBOX)), len(shards(folder, GOLDEN))) == (0, 1)


def test_what_is_wrong_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the examples, of the package."""
    for said in (call(folder / "missing"), call(folder.parent)):
        assert said.exit_code == 1
        assert said.output.startswith(f"error: {folder.parent}")
        assert said.output.count("\n") == 1
    monkeypatch.setenv("MODEL_PACKAGE", str(folder))
    assert call(folder).output.startswith("error: ")
