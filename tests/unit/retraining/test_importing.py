"""retraining/importing.py: what was there before the stream."""

from pathlib import Path

import pytest
from PIL import Image

from retraining.importing import CannotImport, import_examples
from tests.unit.training_data.records import IMAGES, ROWS
from training_data.intake import GOLDEN, INBOX, Intake
from training_data.shard import read_shard
from training_data.task import Task


def intake_of(folder: Path, task: Task) -> Intake:
    intake = Intake(folder / "data", task)
    intake.prepare()
    return intake


def images(folder: Path) -> Path:
    """Make two images of each class."""
    for red, label in enumerate(IMAGES.classes):
        (folder / "images" / label).mkdir(parents=True)
        for number in range(2):
            image = Image.new("RGB", (8, 8), (number, red, 0))
            image.save(folder / "images" / label / f"{number}.png")
    return folder / "images"


def ids(intake: Intake, folder: str) -> list[str]:
    shards = sorted((intake.folder / folder).glob("*.zip"))
    return [one.id for shard in shards for one in read_shard(shard, intake.task)]


def test_a_folder_of_images_is_taken_once(tmp_path: Path) -> None:
    """A program that starts again takes nothing twice."""
    intake = intake_of(tmp_path, IMAGES)
    assert import_examples(intake, images(tmp_path), golden=False) == 4
    assert import_examples(intake, tmp_path / "images", golden=False) == 0
    assert ids(intake, INBOX) == ["trained-apple-0", "trained-apple-1", "trained-lemon-0", "trained-lemon-1"]


def test_what_is_golden_is_never_trained_on(tmp_path: Path) -> None:
    """Not even where it is among what production was trained on."""
    intake = intake_of(tmp_path, IMAGES)
    assert import_examples(intake, images(tmp_path), golden=True) == 4
    assert import_examples(intake, tmp_path / "images", golden=False) == 0
    assert ids(intake, GOLDEN)[0] == "golden-apple-0"
    assert ids(intake, INBOX) == []


def test_a_table_is_taken(tmp_path: Path) -> None:
    """Each line is a record; its label stands in a column of its own."""
    (tmp_path / "rows.csv").write_text("age,income,label\n40,1e3,repaid\n41,2000.5,defaulted\n", "utf-8")
    intake = intake_of(tmp_path, ROWS)
    assert import_examples(intake, tmp_path / "rows.csv", golden=False) == 2
    (shard,) = (intake.folder / INBOX).glob("*.zip")
    assert [(one.values, one.label) for one in read_shard(shard, ROWS)] == [
        ((40.0, 1000.0), "repaid"),
        ((41.0, 2000.5), "defaulted"),
    ]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("age,label\n1,repaid\n", "its columns must be age, income, label"),
        ("age,income,label\n1,,repaid\n", "trained-0: 'income' is no number"),
        ("age,income,label\n1,2,paid\n", "'paid' is no class"),
        ('age,income,label\n1,"2, ""age"": 3",repaid\n', "an object has a name twice"),
    ],
)
def test_a_wrong_table_says_where(tmp_path: Path, table: str, says: str) -> None:
    """Nothing is taken of it."""
    (tmp_path / "rows.csv").write_text(table, "utf-8")
    intake = intake_of(tmp_path, ROWS)
    with pytest.raises(CannotImport, match=says):
        import_examples(intake, tmp_path / "rows.csv", golden=False)
    assert ids(intake, INBOX) == []


def test_a_folder_without_the_classes_says_which_they_are(tmp_path: Path) -> None:
    """It is another model's."""
    with pytest.raises(CannotImport, match="has the folders apple, lemon"):
        import_examples(intake_of(tmp_path, IMAGES), tmp_path, golden=False)


@pytest.mark.parametrize(
    "table",
    [
        b"age,income,label\n40,1e3\n",
        b"age,income,label\n40,1e3,repaid,9\n",
        b"age,income,label\n40,1e3,\xff\n",
        b"age,income,label\n40," + b"1" * 200_000 + b",repaid\n",
    ],
    ids=["short", "long", "encoding", "field"],
)
def test_a_table_that_is_none_says_so(tmp_path: Path, table: bytes) -> None:
    """A program that begins with it goes on without."""
    (tmp_path / "rows.csv").write_bytes(table)
    with pytest.raises(CannotImport, match=r"rows\.csv"):
        import_examples(intake_of(tmp_path, ROWS), tmp_path / "rows.csv", golden=True)


def test_an_image_that_cannot_be_decoded_is_not_taken(tmp_path: Path) -> None:
    """Each run would fail by it."""
    folder = images(tmp_path)
    (folder / "apple" / "0.png").write_bytes(b"junk")
    with pytest.raises(CannotImport, match="apple-0"):
        import_examples(intake_of(tmp_path, IMAGES), folder, golden=True)
