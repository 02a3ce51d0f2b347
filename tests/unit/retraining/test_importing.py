"""retraining/importing.py: what was there before the stream."""

from pathlib import Path

import pytest
from PIL import Image

from retraining.importing import CannotImport, import_examples
from tests.unit.training_data.records import IMAGES, ROWS
from training_data.intake import GOLDEN, INBOX, Intake
from training_data.shard import read_shard
from training_data.sides import TRAIN, side_of
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
    names = [one.rpartition("-")[0] for one in ids(intake, INBOX)]
    assert names == ["trained-apple-0", "trained-apple-1", "trained-lemon-0", "trained-lemon-1"]
    assert all(side_of(one) == TRAIN for one in ids(intake, INBOX))


def test_other_images_of_the_same_names_are_taken_too(tmp_path: Path) -> None:
    """As cameras number them anew; a name may have what no id may."""
    intake = intake_of(tmp_path, IMAGES)
    import_examples(intake, images(tmp_path), golden=False)
    for number, name in enumerate(["0.png", "über alles 1.png", "x" * 200 + ".png"]):
        Image.new("RGB", (8, 8), (9, number, 9)).save(tmp_path / "images/apple" / name)
    assert import_examples(intake, tmp_path / "images", golden=False) == 3
    assert len(set(ids(intake, INBOX))) == 7


def test_what_lies_beside_the_images_is_not_looked_at(tmp_path: Path) -> None:
    """Folders and files that are hidden."""
    intake = intake_of(tmp_path, IMAGES)
    (images(tmp_path) / ".cache").mkdir()
    (tmp_path / "images/apple/.DS_Store").write_bytes(b"x")
    assert import_examples(intake, tmp_path / "images", golden=False) == 4


def test_what_is_golden_is_never_trained_on(tmp_path: Path) -> None:
    """Not even where it is among what production was trained on."""
    intake = intake_of(tmp_path, IMAGES)
    assert import_examples(intake, images(tmp_path), golden=True) == 4
    assert import_examples(intake, tmp_path / "images", golden=False) == 0
    assert ids(intake, GOLDEN)[0].startswith("golden-apple-0-")
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
        ("age,income,label\n1,,repaid\n", "trained-rows-0-.*: 'income' is no number"),
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


def test_another_table_is_taken_too(tmp_path: Path) -> None:
    """Of the same name, after more was written into it."""
    intake, table = intake_of(tmp_path, ROWS), tmp_path / "rows.csv"
    table.write_text("age,income,label\n40,1e3,repaid\n", "utf-8")
    assert import_examples(intake, table, golden=False) == 1
    table.write_text("age,income,label\n50,1e3,repaid\n40,1e3,repaid\n", "utf-8")
    assert import_examples(intake, table, golden=False) == 2
    assert import_examples(intake, table, golden=False) == 0


@pytest.mark.parametrize("folders", [[], ["apple"], ["apple", "lemon", "pear"]])
def test_another_models_folder_is_refused(tmp_path: Path, folders: list[str]) -> None:
    """Its folders are this model's classes, all of them and no others."""
    for name in folders:
        (tmp_path / "images" / name).mkdir(parents=True)
    (tmp_path / "images").mkdir(exist_ok=True)
    with pytest.raises(CannotImport, match="its folders must be the classes: apple, lemon"):
        import_examples(intake_of(tmp_path, IMAGES), tmp_path / "images", golden=False)


@pytest.mark.parametrize(("task", "says"), [(IMAGES, "no such folder"), (ROWS, "no such file")])
def test_what_is_not_there_is_said(tmp_path: Path, task: Task, says: str) -> None:
    """So a program that is told of the demo's images starts with a model of rows, too."""
    intake = intake_of(tmp_path, task)
    with pytest.raises(CannotImport, match=says):
        import_examples(intake, tmp_path / "missing", golden=True)
    if task is ROWS:
        with pytest.raises(CannotImport, match=says):
            import_examples(intake, tmp_path, golden=True)


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
